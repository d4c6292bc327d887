"""By file: stock that is there when the books are opened, what is kept for whom, and what we make.

Orders that wait for the stock are promised, and the ledger has its value.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.store.locks import Lock
from handlers.bulk import Column, Kind, Refers, Row, TableKind, Verdict, Work, key_of, known_names, locking, name_rows, read_values, unknown
from handlers.catalog.model import Item
from handlers.identifiers import Amount, Number, Quantity
from handlers.inventory.model import Warehouse
from handlers.inventory.stock import Receipt
from handlers.orders.receiving import take_back_stock
from handlers.promising import commands
from handlers.promising.allocations import KEY, AllocationDraft, check_allocation, refuse_oversold
from handlers.promising.model import MadeItem, SupplyAllocation
from handlers.promising.production import KEY as MADE_KEY
from handlers.promising.production import MadeItemDraft, check_made_item
from handlers.rowsets import as_json

_REFERS = (Refers("sku", Item, "sku", "item"), Refers("warehouse_code", Warehouse, "code", "warehouse"))


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningStock:
    """How much of an item lies in a warehouse, and what one unit has cost; empty: the item's standard cost."""

    sku: Number
    warehouse_code: Number
    qty: Quantity
    unit_cost: Amount | None = None
    lot: str = ""


@dataclass(frozen=True, kw_only=True)
class StockKind(Kind):
    """Opening stock: each item of a warehouse once; what changes later is received or counted."""

    def judge(self, tx: Session, rows: Sequence[Row], *, writing: bool) -> None:  # noqa: ARG002  # the balances are locked by the receipt
        """Look up items, warehouses, costs, and what was opened before: three statements."""
        for row in rows:
            read_values(self, row)
        sound = name_rows(self, rows)
        self._refuse_unknown(tx, sound)
        sound = [row for row in sound if not row.errors]
        given = as_json([{name: row.given[name] for name in self.key} for row in sound])
        opened = {key_of(self, dict(each)): each for each in tx.execute(_OPENED, {"rows": given}).mappings()}
        costs = {each.sku: each.cost for each in tx.execute(_COSTS, {"skus": sorted({row.given["sku"] for row in sound})})}
        for row in sound:
            draft = OpeningStock(**row.given)
            row.after = asdict(draft) | {"unit_cost": costs[draft.sku] if draft.unit_cost is None else draft.unit_cost}
            before = opened.get(key_of(self, row.given))
            if before is None:
                row.verdict = Verdict.ADD
            elif before["qty"] == draft.qty and before["value"] == round(draft.qty * row.after["unit_cost"], 2):
                row.verdict = Verdict.SAME
            else:
                row.refuse("qty", f"was opened with {before['qty'].normalize():f}; receive the rest, or book what was counted")

    def write(self, tx: Session, rows: Sequence[Row], work: Work) -> None:
        """Balances, movements and one journal."""
        receipts = [Receipt(**row.after, reference=work.reference, kind="OPENING") for row in rows]
        commands.receive_stock(work.runtime, tx, receipts, work.actor)

    def undo(self, tx: Session, rows: Sequence[Row], work: Work) -> list[str]:
        """Take the goods off the balances and mirror the journal, where nothing else has moved them."""
        if not rows:
            return []
        return [f"Stock of {name} has moved or is reserved." for name in take_back_stock(tx, work.reference)]

    def _refuse_unknown(self, tx: Session, rows: Sequence[Row]) -> None:
        for refers in _REFERS:
            known = known_names(tx, refers, {row.given[refers.column] for row in rows})
            for row in rows:
                if row.given[refers.column] not in known:
                    row.refuse(refers.column, unknown(refers.noun, row.given[refers.column]))


_OPENED = text("""
SELECT balance.sku, balance.warehouse_code, balance.lot, sum(moved.qty) AS qty, sum(moved.value) AS value
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(sku text, warehouse_code text, lot text)
JOIN stock_balance AS balance USING (sku, warehouse_code, lot)
JOIN stock_movement AS moved ON moved.balance_id = balance.id AND moved.kind = 'OPENING'
WHERE NOT EXISTS (
  SELECT FROM stock_movement AS undone
  WHERE undone.balance_id = balance.id AND undone.kind = 'ADJUSTMENT' AND undone.reference = moved.reference || '-UNDONE')
GROUP BY balance.sku, balance.warehouse_code, balance.lot
""")
_COSTS = text("SELECT sku, cost FROM item WHERE sku = ANY(:skus)")


@dataclass(frozen=True, kw_only=True)
class AllocationKind(TableKind):
    """What is kept for whom; shares of a day never come to more than the whole."""

    def write(self, tx: Session, rows: Sequence[Row], work: Work) -> None:
        """Write the rows, and refuse them all where they keep more than there is."""
        super().write(tx, rows, work)
        refuse_oversold(tx, sorted({row.after["sku"] for row in rows}))


ALLOCATIONS = AllocationKind(
    code="allocations",
    title="Supply kept for classes and channels",
    about="What of an item is promised only to a class of customers or through a channel, until it is released.",
    role="order",
    place=62,
    draft=AllocationDraft,
    table=SupplyAllocation,
    key=KEY,
    columns=(
        Column("sku", "Of which item", "PUMP-40"),
        Column("warehouse_code", "In which warehouse", "VIE"),
        Column("customer_class", "For which class of customers; empty: any, through the channel", "A"),
        Column("channel", "For orders by which channel; empty: by any, of the class", "WEB"),
        Column("valid_from", "First day of what ships", "2027-01-01"),
        Column("valid_until", "Last day of what ships", "2027-01-31"),
        Column("qty", "How much is kept; or give a share", "40"),
        Column("share_pct", "Share of what is there and comes in, in percent; or give a quantity", ""),
        Column("release_days", "So many days before the last day what is left is free for all", "7"),
        Column("priority", "A lower number may use what is left of a higher one", "1"),
    ),
    check=check_allocation,
    hold=locking(Lock.ITEM, "sku"),
    refers=_REFERS,
)
MADE_ITEMS = TableKind(
    code="made-items",
    title="Items that we make",
    about="What we make or assemble to order: it is promised by what can be made where stock and supply do not suffice.",
    role="buy",
    place=63,
    draft=MadeItemDraft,
    table=MadeItem,
    key=MADE_KEY,
    columns=(
        Column("sku", "Which item", "RACK-12"),
        Column("warehouse_code", "Where it is made", "VIE"),
        Column("lead_days", "Working days until what is begun now is done", "5"),
        Column("per_day", "The most that is done on a working day; empty: no limit", "4"),
        Column("active", "Whether it is made now", "yes"),
    ),
    check=check_made_item,
    hold=locking(Lock.ITEM, "sku"),
    refers=_REFERS,
)
KINDS = (
    ALLOCATIONS,
    MADE_ITEMS,
    StockKind(
        code="stock",
        title="Opening stock",
        about="What lies in the warehouses when the books are opened. It stands against the opening balance.",
        role="ship",
        place=60,
        draft=OpeningStock,
        key=("sku", "warehouse_code", "lot"),
        columns=(
            Column("sku", "Of which item", "PUMP-40"),
            Column("warehouse_code", "Where it lies", "VIE"),
            Column("qty", "How much, in the item's unit", "60"),
            Column("unit_cost", "What one unit has cost, in our currency; empty: the standard cost", "142.00"),
            Column("lot", "The lot, where there are some", ""),
        ),
    ),
)
