"""Orders, receipts, cancellations and shipments in any order: the tables agree with a plain model after every step."""

from collections import Counter
from contextlib import suppress
from random import Random

from sqlalchemy import text

from engine.problems import Conflict
from handlers.invariants import check_all
from handlers.inventory.rules import Issue, Want
from handlers.orders.cancellation import cancel_order
from handlers.orders.fulfilment_lines import issue, release, reserve
from handlers.promising.promise import promise_lines
from tests.integration.orders.trade import STOCK_ONLY, D, context, open_trade, order, stock, supply_in

STEPS = 25
#: The steps book no shipments and no cost of sales; what is always true of those is proved where they are booked.
OURS = {"INV-04", "INV-05", "INV-06", "INV-17", "INV-21"}


class Life:
    """One random life, and what a plain model says of it."""

    def __init__(self, tx, seed: int) -> None:
        self.tx, self.random = tx, Random(seed)
        self.on_hand = 0
        self.reserved: Counter[int] = Counter()
        self.orders: list[str] = []

    def receive(self) -> None:
        qty = self.random.randint(1, 20)
        stock(self.tx, "OMINOUS-ANVIL", qty)
        self.on_hand += qty

    def expect(self) -> None:
        days = self.random.randint(1, 60)
        if not self.tx.execute(text("SELECT 1 FROM supply WHERE reference = :po"), {"po": f"PO-{days}"}).first():
            supply_in(self.tx, "OMINOUS-ANVIL", self.random.randint(1, 20), days)

    def order(self) -> None:
        order_no = order(self.tx, ("OMINOUS-ANVIL", self.random.randint(1, 15)))
        promise_lines(self.tx, order_no, STOCK_ONLY, context(self.tx).now)
        self.orders.append(order_no)
        self._read_reservations()

    def reserve_rest(self) -> None:
        for row in self.tx.execute(text("SELECT id, qty - qty_cancelled - qty_shipped - qty_reserved AS open FROM fulfil_line")).all():
            (want,) = [Want(fulfil_line_id=row.id, sku="OMINOUS-ANVIL", warehouse_code="VIENNA", qty=row.open)]
            missing = sum(short.missing for short in reserve(self.tx, [want]))
            self.reserved[row.id] += int(max(row.open, 0) - missing)

    def release(self) -> None:
        line = self._some_line()
        if line:
            assert release(self.tx, [line]) == self.reserved.pop(line)

    def ship(self) -> None:
        line = self._some_line()
        if not line:
            return
        qty = self.random.randint(1, self.reserved[line])
        issue(self.tx, [Issue(fulfil_line_id=line, qty=D(qty))], f"SH-{self.random.random()}", "EUR")
        self.on_hand -= qty
        self.reserved[line] -= qty

    def cancel(self) -> None:
        if self.orders:
            order_no = self.random.choice(self.orders)
            with suppress(Conflict):  # everything has been shipped
                cancel_order(self.tx, order_no, "Changed their mind")
            for line in self.tx.scalars(text("SELECT id FROM fulfil_line WHERE order_no = :no"), {"no": order_no}):
                self.reserved.pop(line, None)

    def _some_line(self) -> int | None:
        lines = sorted(line for line, qty in self.reserved.items() if qty)
        return self.random.choice(lines) if lines else None

    def _read_reservations(self) -> None:
        rows = self.tx.execute(text("SELECT fulfil_line_id, sum(qty) AS qty FROM reservation WHERE state = 'ACTIVE' GROUP BY 1"))
        self.reserved = Counter({row.fulfil_line_id: int(row.qty) for row in rows})

    def agrees(self) -> None:
        on_hand, reserved = self.tx.execute(text("SELECT coalesce(sum(on_hand), 0), coalesce(sum(reserved), 0) FROM stock_balance")).one()
        assert (on_hand, reserved) == (self.on_hand, sum(self.reserved.values()))


def test_random_lives_keep_the_tables_and_the_model_together(database):
    with database.transaction() as tx:
        open_trade(tx)
        for seed in range(8):
            begun = tx.begin_nested()
            life = Life(tx, seed)
            for _ in range(STEPS):
                getattr(life, life.random.choice(["receive", "expect", "order", "order", "reserve_rest", "release", "ship", "cancel"]))()
                life.agrees()
            assert [(result.id, result.examples) for result in check_all(tx) if result.id in OURS and not result.ok] == []
            begun.rollback()
            tx.expire_all()
