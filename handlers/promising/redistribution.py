"""Takes up promises nobody works at yet for whoever is to be served first: planned in memory and shown, then made whole or not at all."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from engine.service_tasks import Refused
from engine.store.clock import business_today
from handlers.orders.events import note_all
from handlers.orders.fulfilment_groups import close_empty_groups
from handlers.orders.fulfilment_lines import Kept, drop_backorders, lock_lines_of_orders, note_promises, release, return_to_promising
from handlers.promising.availability import Supplies, lock_items, look, sources_of
from handlers.promising.planning import Plan, open_lines
from handlers.promising.promise import Group, reserve_soon, write_plans
from handlers.promising.redistributing import (
    Claim,
    Held,
    Outcome,
    Strategy,
    StrategyCase,
    fingerprint,
    redistribute,
)
from handlers.promising.rules import Demand, Market, Part
from handlers.promising.sourcing import Case, Sourcing

ZERO = Decimal(0)
#: Items that one run looks at: those that most orders wait for.
MOST_ITEMS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the decisions answered: what each case of lines may gain or lose, and where it may come from."""

    strategies: Mapping[StrategyCase, Strategy]
    sourcing: Mapping[Case, Sourcing]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a run would do, as a person sees it: line by line; `plan` stands for the whole of it."""

    plan: str
    lines: tuple[dict[str, Any], ...]
    fails: bool
    changes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The groups that were withdrawn, and those to be fulfilled now."""

    withdrawn: tuple[Group, ...]
    groups: tuple[Group, ...]


def contested_items(tx: Session, skus: Sequence[str] | None) -> list[str]:
    """The items for which orders wait that could have promises of others; of those named, or those most wait for."""
    return list(tx.execute(_CONTESTED, {"skus": None if skus is None else list(skus), "most": MOST_ITEMS}).scalars())


def cases(tx: Session, skus: Sequence[str]) -> tuple[list[StrategyCase], list[Case]]:
    """What the decisions are to be asked about the lines of some items."""
    rows, today = _rows(tx, skus), business_today(tx)
    strategies = sorted({_case(row, today) for row in rows}, key=lambda case: (case.customer_class, case.item_class, case.is_late))
    places = sorted({_place(row) for row in rows}, key=lambda case: (case.item_class, case.region, case.customer_class))
    return strategies, places


def propose(tx: Session, skus: Sequence[str], asked: Asked, now: datetime) -> Proposal:
    """Plan in memory; nothing is locked or written. Lines whose case was not asked for are left as they are."""
    outcomes = _plan(tx, skus, asked, look(tx, skus, now))
    return Proposal(
        plan=fingerprint(outcomes),
        lines=tuple(_shown(each) for each in outcomes if each.changes or each.fails),
        fails=any(each.fails for each in outcomes),
        changes=any(each.changes for each in outcomes),
    )


def carry_out(tx: Session, skus: Sequence[str], asked: Asked, plan: str, now: datetime) -> Done:
    """Make the plan that somebody has agreed to, whole or not at all.

    The orders, their groups and lines, then the items and their stock are held, and planned again: Refused STALE when the plan is
    another by now, Refused FAILS when a winner does not get all in time.
    """
    lock_lines_of_orders(tx, sorted({row["order_no"] for row in _rows(tx, skus)}))
    lock_items(tx, skus)
    supplies = look(tx, skus, now)
    outcomes = _plan(tx, skus, asked, supplies)
    if fingerprint(outcomes) != plan:
        raise Refused("STALE", "Orders or supply have changed since the plan was shown.")
    if any(each.fails for each in outcomes):
        raise Refused("FAILS", "Somebody who is to win does not get all in time.")
    changed = [each for each in outcomes if each.changes]
    orders = sorted({each.claim.order_no for each in changed})
    gone = sorted(held.part_id for each in changed for held in each.gone)
    release(tx, gone)
    return_to_promising(tx, [Kept(line_id=part_id, qty=ZERO) for part_id in gone])
    withdrawn = [
        Group(group_no=no, order_no=order_no, kind="STOCK", supplier_no=None)
        for order_no in orders
        for no in close_empty_groups(tx, order_no)
    ]
    groups = write_plans(tx, _plans(tx, orders, changed))
    reserve_soon(tx, orders, supplies)
    note_promises(tx, orders)
    told = {
        each.claim.order_no: {"sku": each.claim.demand.sku, "verdict": each.verdict, "strategy": each.claim.strategy.name}
        for each in changed
    }
    note_all(tx, "supply_redistributed", told)
    return Done(withdrawn=tuple(withdrawn), groups=tuple(group for order_no in orders for group in groups[order_no]))


def _plans(tx: Session, orders: Sequence[str], changed: Sequence[Outcome]) -> list[Plan]:
    """The new parts of each order; what of it is open beside them waits on, as it did."""
    parts: dict[str, list[Part]] = defaultdict(list)
    planned: dict[int, Decimal] = defaultdict(Decimal)
    for each in changed:
        parts[each.claim.order_no] += each.parts
        planned[each.claim.demand.order_line_id] += sum((part.qty for part in each.parts), ZERO)
    for row in open_lines(tx, orders):
        rest = row["qty"] - planned[row["id"]]
        if rest > 0:
            parts[row["order_no"]].append(Part(order_line_id=row["id"], sku=row["sku"], qty=rest))
    drop_backorders(tx, orders)
    return [Plan(order_no=order_no, parts=parts[order_no]) for order_no in orders]


def _plan(tx: Session, skus: Sequence[str], asked: Asked, supplies: Supplies) -> list[Outcome]:
    today = supplies.horizon.today
    rows = _rows(tx, skus)
    return redistribute(
        _claim(row, asked.strategies[_case(row, today)], asked.sourcing[_place(row)], supplies)
        for row in rows
        if _case(row, today) in asked.strategies and _place(row) in asked.sourcing
    )


def _claim(row: RowMapping, strategy: Strategy, sourcing: Sourcing, supplies: Supplies) -> Claim:
    sources = [each for each in sources_of(sourcing.places, row["sku"], row["sourcing"], supplies) if each.source_type == "STOCK"]
    demand = Demand(
        order_line_id=row["id"],
        sku=row["sku"],
        qty=row["waiting"],
        wanted=row["requested_arrival"],
        ship_complete=not sourcing.may_split,
        pack_size=row["pack_size"],
        fence=None if row["time_fence_days"] is None else supplies.horizon.today + timedelta(days=row["time_fence_days"]),
    )
    held = [
        Held(
            part_id=each["id"],
            place=each["place"],
            qty=Decimal(str(each["qty"])),
            ship=date.fromisoformat(each["ship"]),
            arrive=date.fromisoformat(each["arrive"]),
        )
        for each in row["held"]
        if each["place"] in supplies.stock.get(row["sku"], {})
    ]
    return Claim(
        order_no=row["order_no"],
        line_no=row["line_no"],
        customer_no=row["customer_no"],
        strategy=strategy,
        ordered_on=row["ordered_on"],
        waiting=row["waiting"],
        held=held,
        demand=demand,
        market=Market(sources, supplies.seen_by(row["sku"], row["customer_class"], row["channel"]), supplies.horizon),
    )


def _shown(outcome: Outcome) -> dict[str, Any]:
    claim = outcome.claim
    kept = [held for held in claim.held if held not in outcome.gone]
    after = [*((held.qty, held.arrive) for held in kept), *((part.qty, part.arrive) for part in outcome.parts)]
    return {
        "order_no": claim.order_no,
        "line_no": claim.line_no,
        "customer_no": claim.customer_no,
        "sku": claim.demand.sku,
        "strategy": claim.strategy.name,
        "verdict": outcome.verdict,
        "before": _said([(held.qty, held.arrive) for held in claim.held], claim.waiting),
        "after": _said(after, outcome.waiting),
    }


def _said(promised: Sequence[tuple[Decimal, date | None]], waiting: Decimal) -> str:
    said = [f"{qty.normalize():f} on {day}" for qty, day in sorted(promised, key=lambda each: each[1] or date.max)]
    return ", ".join([*said, *([f"{waiting.normalize():f} waits"] if waiting else [])]) or "nothing"


def _case(row: RowMapping, today: date) -> StrategyCase:
    wanted = row["requested_arrival"]
    return StrategyCase(customer_class=row["customer_class"], item_class=row["item_class"], is_late=wanted is not None and wanted < today)


def _place(row: RowMapping) -> Case:
    return Case(item_class=row["item_class"], region=row["region"], customer_class=row["customer_class"])


def _rows(tx: Session, skus: Sequence[str]) -> Sequence[RowMapping]:
    return tx.execute(_CLAIMS, {"skus": list(skus)}).mappings().all()


def as_cases(found: Sequence[StrategyCase]) -> list[dict[str, Any]]:
    """The cases as a diagram names them."""
    return [asdict(case) for case in found]


#: Promises that nobody works at: the group is not released, nothing of it is picked or left, no parcel is packed.
_FREE = """
part.qty > part.qty_cancelled AND part.qty_picked = 0 AND part.qty_shipped = 0 AND part.source_type = 'STOCK' AND part.group_no IS NOT NULL
AND EXISTS (
  SELECT FROM fulfil_group AS team WHERE team.group_no = part.group_no AND team.released_at IS NULL AND team.cancelled_at IS NULL)
"""
#: Orders that ship complete keep what they have: one line of them cannot move alone. So do those on hold or being changed.
_MAY_MOVE = """
orders.state = 'SUBMITTED' AND NOT orders.ship_complete AND NOT orders.change_pending AND NOT EXISTS (
  SELECT FROM hold WHERE hold.order_no = orders.order_no AND hold.released_at IS NULL AND hold.blocks IN ('submit', 'promise')
    AND (hold.until IS NULL OR hold.until > business_now()))
"""
_CONTESTED = text(f"""
SELECT waits.sku FROM fulfil_line AS waits JOIN sales_order AS orders USING (order_no)
WHERE waits.group_no IS NULL AND waits.qty > waits.qty_cancelled AND {_MAY_MOVE}
  AND (CAST(:skus AS text[]) IS NULL OR waits.sku = ANY(CAST(:skus AS text[])))
  AND EXISTS (SELECT FROM fulfil_line AS part WHERE part.sku = waits.sku AND part.order_no <> waits.order_no AND {_FREE})
GROUP BY waits.sku ORDER BY count(*) DESC, waits.sku LIMIT :most
""")
_CLAIMS = text(f"""
SELECT line.id, line.order_no, line.line_no, line.sku, line.requested_arrival, orders.ordered_on, customer.customer_no,
  customer.customer_class, orders.channel, item.item_class, item.sourcing, item.pack_size, class.time_fence_days, found.waiting, found.held,
  coalesce(nullif(orders.ship_to->>'region', ''), nullif(customer.region, ''), orders.ship_to->>'country', '') AS region
FROM order_line AS line
JOIN sales_order AS orders USING (order_no) JOIN customer USING (customer_no)
JOIN item ON item.sku = line.sku JOIN item_class AS class ON class.code = item.item_class
CROSS JOIN LATERAL (
  SELECT coalesce(sum(part.qty - part.qty_cancelled) FILTER (WHERE part.group_no IS NULL), 0) AS waiting,
    coalesce(jsonb_agg(jsonb_build_object('id', part.id, 'place', part.warehouse_code, 'qty', CAST(part.qty - part.qty_cancelled AS text),
      'ship', part.sched_ship, 'arrive', part.sched_arrive) ORDER BY part.sched_ship, part.id) FILTER (WHERE {_FREE}), '[]') AS held
  FROM fulfil_line AS part WHERE part.order_line_id = line.id
) AS found
WHERE line.sku = ANY(:skus) AND {_MAY_MOVE} AND (found.waiting > 0 OR found.held <> '[]')
ORDER BY line.order_no, line.line_no
""")
