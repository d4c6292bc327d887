"""A change of an order, from what is asked to what becomes of it. The process `change-order` takes these steps.

Whoever decides on an order holds it with its groups and lines; what was assessed is looked at again under the lock before it is applied.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound, Problem
from engine.runtime.read.decisions import ask_decision
from engine.service_tasks import Refused
from engine.store import locks
from engine.store.locks import Lock
from handlers.orders.cancellation import why_over
from handlers.orders.change_facts import read_order
from handlers.orders.change_pricing import Repriced, after, reprice
from handlers.orders.change_rules import Delta, Kind, OrderNow, Ruling, Stage, Wish, differences, wish_of
from handlers.orders.events import find_order, lines_of, note
from handlers.orders.fulfilment_lines import lock_lines_of_order
from handlers.orders.model import OrderChange, SalesOrder
from handlers.values import total

ZERO = Decimal(0)
#: Where the constraints stand: the decision, and its file in the bundle of the process.
CONSTRAINTS, CONSTRAINTS_FILE = "change-constraints", "change-constraints.dmn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A difference with what the table of constraints says of it."""

    delta: Delta
    ruling: Ruling


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What a change comes to. Money in the order's currency; `cost` in points of the table `change-constraints`."""

    order_no: str
    currency: str
    judged: Sequence[Judged]
    cost: Decimal
    gross_before: Decimal
    gross_after: Decimal
    #: What is to ship after the change, and now, with tax and carriage.
    open_gross: Decimal
    open_before: Decimal
    price_off: Decimal
    price_off_pct: Decimal
    margin_gap: Decimal

    @property
    def refusals(self) -> list[str]:
        """Why it is not possible, and what to do instead; nothing where it is."""
        return [f"{told(each.delta)}: {each.ruling.instead}" for each in self.judged if not each.ruling.allowed]

    @property
    def stage(self) -> Stage:
        """The furthest stage that is touched."""
        return max((each.delta.stage for each in self.judged), key=lambda stage: stage.rank, default=Stage.SUBMITTED)


_SAYINGS: Mapping[Kind, str] = {
    Kind.LESS: "Line {line}: {before} becomes {after}",
    Kind.MORE: "Line {line}: {before} becomes {after}",
    Kind.CANCEL: "Line {line} is taken off ({before})",
    Kind.ADD: "A new line: {after}",
    Kind.ITEM: "Line {line}: {before} becomes {after}",
    Kind.DATE: "Line {line}: wanted on {after} instead of {before}",
    Kind.PRICE: "Line {line}: price {before} becomes {after}",
    Kind.ADDRESS: "Delivered to {after}",
}


def told(delta: Delta) -> str:
    """A difference as people say it."""
    return _SAYINGS[delta.kind].format(line=delta.line_no, before=delta.before or "no day", after=delta.after)


def cases_of(deltas: Sequence[Delta]) -> list[dict[str, str]]:
    """The cases that the table of constraints is to be asked for, each once, in a stable order."""
    return [{"kind": kind, "stage": stage} for kind, stage in sorted({delta.case for delta in deltas})]


def preview(tx: Session, order_no: str, wish: Wish) -> Assessment:
    """What a change would come to, with its cost, by the tables in force; nothing is written.

    Raises NotFound, Conflict (nothing changes, nothing is open), Invalid or PriceMissing where it cannot be priced.
    """
    order = find_order(tx, order_no)
    now, deltas = differences_now(tx, order, wish)
    cases = cases_of(deltas)
    answers = ask_decision(tx, CONSTRAINTS, CONSTRAINTS_FILE, cases)
    return _assess(tx, order, now, wish, _judge(deltas, cases, answers))


def pending_change(tx: Session, order_no: str) -> OrderChange | None:
    """The change of an order that is not settled yet."""
    pending = select(OrderChange).where(OrderChange.order_no == order_no, OrderChange.settled_at.is_(None))
    return tx.scalars(pending.execution_options(populate_existing=True)).one_or_none()


def find_change(tx: Session, change_no: str) -> OrderChange:
    """A change, its order held with its groups and lines. Raises NotFound."""
    order_no = tx.scalar(select(OrderChange.order_no).where(OrderChange.change_no == change_no))
    if order_no is None:
        raise NotFound(f"There is no change {change_no}.", code="change_unknown", next_step="Look at the order's page.")
    lock_lines_of_order(tx, order_no)
    return tx.get_one(OrderChange, change_no, populate_existing=True)


def _held(tx: Session, change_no: str) -> OrderChange:
    """A change with its order alone: its lines may have been written by now."""
    locks.take(tx, Lock.ORDER, tx.scalars(select(OrderChange.order_no).where(OrderChange.change_no == change_no)))
    return tx.get_one(OrderChange, change_no, populate_existing=True)


def read_cases(tx: Session, change_no: str) -> list[dict[str, str]]:
    """What the table of constraints is to be asked about a change. Raises NotFound, Refused IMPOSSIBLE when nothing changes any more."""
    change = find_change(tx, change_no)
    try:
        _, deltas = differences_now(tx, find_order(tx, change.order_no), wish_of(change.asked))
    except Problem as problem:
        raise Refused("IMPOSSIBLE", said(problem)) from problem
    return cases_of(deltas)


def assess_change(tx: Session, change_no: str, cases: Sequence[Mapping[str, str]], answers: Sequence[Any]) -> Assessment:
    """Work out what a change comes to and keep it. Raises NotFound, Refused IMPOSSIBLE when it cannot be priced or nothing changes."""
    change = find_change(tx, change_no)
    order, wish = find_order(tx, change.order_no), wish_of(change.asked)
    try:
        now, deltas = differences_now(tx, order, wish)
        found = _assess(tx, order, now, wish, _judge(deltas, cases, answers))
    except Problem as problem:
        raise Refused("IMPOSSIBLE", said(problem)) from problem
    write_change(
        tx,
        change_no,
        state="ASSESSED",
        deltas=[_kept(each) for each in found.judged],
        cost=found.cost,
        gross_before=found.gross_before,
        gross_after=found.gross_after,
        open_gross=found.open_gross,
    )
    return found


def settle_change(tx: Session, change_no: str, actor: str) -> OrderChange:
    """Say that a change is made. Again: nothing happens."""
    return _settle(tx, change_no, "APPLIED", "", actor)


def refuse_change(tx: Session, change_no: str, answer: str, actor: str) -> OrderChange:
    """Say that a change is not made, and why. Again: nothing happens."""
    return _settle(tx, change_no, "REFUSED", answer, actor)


def _settle(tx: Session, change_no: str, state: str, answer: str, actor: str) -> OrderChange:
    change = _held(tx, change_no)
    if change.settled_at is not None:
        return change
    write_change(tx, change_no, state=state, answer=answer, settled_at=func.business_now(), settled_by=actor)
    _flag(tx, change.order_no, pending=False)
    if state == "REFUSED":
        note(tx, change.order_no, "change_refused", actor=actor, detail={"change_no": change_no, "reason": answer})
    return tx.get_one(OrderChange, change_no, populate_existing=True)


def said(problem: Problem) -> str:
    """A refusal as a customer is told it."""
    return f"{problem.detail} {problem.next_step}".strip()


def differences_now(tx: Session, order: SalesOrder, wish: Wish) -> tuple[OrderNow, list[Delta]]:
    """The order as it stands and what a wish changes of it.

    Raises Invalid (no such line), Conflict (nothing changes, nothing is left, the order is over).
    """
    over = why_over(tx, order.order_no)
    if over is not None:
        raise over
    now = read_order(tx, order)
    known = {line.line_no for line in now.lines}
    gone = [each.line_no for each in wish.lines if each.line_no is not None and each.line_no not in known and each.qty != 0]
    if gone:
        raise Invalid(
            f"Line {gone[0]} is not open in order {order.order_no}.",
            code="line_unknown",
            next_step="Change a line of the order, or add a new one.",
            errors={f"lines.{place}.line_no": ["is no open line"] for place, each in enumerate(wish.lines) if each.line_no in gone},
        )
    wish_now = replace(wish, lines=[each for each in wish.lines if each.line_no is None or each.line_no in known])
    deltas = differences(now, wish_now)
    if not deltas:
        raise Conflict(f"Order {order.order_no} is already as it is wanted.", code="nothing_changes", next_step="Nothing is to be done.")
    _refuse_emptying(order, now, deltas)
    return now, deltas


def _refuse_emptying(order: SalesOrder, now: OrderNow, deltas: Sequence[Delta]) -> None:
    off = {delta.line_no for delta in deltas if delta.kind is Kind.CANCEL}
    comes = any(delta.kind in {Kind.ADD, Kind.ITEM} for delta in deltas)
    if off and not comes and off == {line.line_no for line in now.lines}:
        raise Conflict(f"Nothing of order {order.order_no} would be left.", code="nothing_left", next_step="Cancel the order instead.")


def _judge(deltas: Sequence[Delta], cases: Sequence[Mapping[str, str]], answers: Sequence[Any]) -> list[Judged]:
    rulings = {(case["kind"], case["stage"]): _ruling(answer) for case, answer in zip(cases, answers, strict=True)}
    unasked = next((delta for delta in deltas if delta.case not in rulings), None)
    if unasked is not None:
        raise Refused("STALE", f"{told(unasked)} has gone on to {unasked.stage}.")
    return [Judged(delta=delta, ruling=rulings[delta.case]) for delta in deltas]


def _ruling(answer: Any) -> Ruling:
    if not isinstance(answer, Mapping):
        raise Invalid(
            "The table change-constraints has no answer for a case.",
            code="constraint_missing",
            next_step="Add a rule for every kind and stage, deploy it, then try again.",
        )
    return Ruling(
        allowed=bool(answer["allowed"]),
        cost=Decimal(str(answer["cost"])),
        undo=answer["undo"] or "",
        instead=answer["instead"] or "",
    )


def _assess(tx: Session, order: SalesOrder, now: OrderNow, wish: Wish, judged: Sequence[Judged]) -> Assessment:
    deltas = [each.delta for each in judged]
    refused = any(not each.ruling.allowed for each in judged)
    repriced = None if refused else reprice_after(tx, order, now, deltas, wish)
    shipped = _worth_shipped(tx, order.order_no)
    gross_after = order.gross_total if repriced is None else repriced.totals["gross_total"]
    cancelled = _worth_cancelled(tx, order.order_no)
    return Assessment(
        order_no=order.order_no,
        currency=order.currency,
        judged=judged,
        cost=total(each.ruling.cost for each in judged),
        gross_before=order.gross_total,
        gross_after=gross_after,
        open_gross=max(ZERO, gross_after - shipped - cancelled),
        open_before=max(ZERO, order.gross_total - shipped - cancelled),
        price_off=ZERO if repriced is None else repriced.price_off,
        price_off_pct=ZERO if repriced is None else repriced.price_off_pct,
        margin_gap=ZERO if repriced is None else repriced.margin_gap,
    )


def reprice_after(tx: Session, order: SalesOrder, now: OrderNow, deltas: Sequence[Delta], wish: Wish) -> Repriced:
    """What the order comes to with the differences. Raises PriceMissing, Invalid, NotFound, Conflict."""
    shipped = {line.line_no: line.qty_shipped for line in now.lines}
    rows = lines_of(tx, order.order_no)
    lines = after(rows, deltas, wish, shipped)
    has_left = any(shipped.values()) or bool(tx.execute(_HAS_LEFT, {"order_no": order.order_no}).scalar_one())
    return reprice(tx, order, lines, {**order.ship_to, **(wish.ship_to or {})}, has_left=has_left)


def _flag(tx: Session, order_no: str, *, pending: bool) -> None:
    flagged = update(SalesOrder).where(SalesOrder.order_no == order_no).values(change_pending=pending)
    tx.execute(flagged.execution_options(synchronize_session=False))


def write_change(tx: Session, change_no: str, **values: Any) -> None:
    """Write columns of a change; its order is held."""
    written = update(OrderChange).where(OrderChange.change_no == change_no).values(values)
    tx.execute(written.execution_options(synchronize_session=False))


def as_kept(delta: Delta) -> dict[str, Any]:
    """A difference as it is kept with its change."""
    return {**asdict(delta), "qty": f"{delta.qty.normalize():f}", "told": told(delta)}


def _kept(each: Judged) -> dict[str, Any]:
    ruling = {"allowed": each.ruling.allowed, "cost": f"{each.ruling.cost.normalize():f}"}
    return {**as_kept(each.delta), **ruling, "undo": each.ruling.undo, "instead": each.ruling.instead}


def _worth_shipped(tx: Session, order_no: str) -> Decimal:
    worth: Decimal = tx.execute(_WORTH, {"order_no": order_no}).scalar_one()
    return worth


def _worth_cancelled(tx: Session, order_no: str) -> Decimal:
    worth: Decimal = tx.execute(_WORTH_CANCELLED, {"order_no": order_no}).scalar_one()
    return worth


_HAS_LEFT = text("SELECT EXISTS (SELECT 1 FROM fulfil_line WHERE order_no = :order_no AND qty_shipped > 0)")
#: By the share of the order's net, with tax and carriage in proportion, as exposure counts it.
_SHARE = """(line.line_net - line.header_discount) / line.qty_ordered
  * CASE WHEN orders.net_total > 0 THEN orders.gross_total / orders.net_total ELSE 1 END"""
_WORTH = text(f"""
SELECT coalesce(round(sum(part.qty_shipped * {_SHARE}), 2), 0)
FROM sales_order AS orders JOIN fulfil_line AS part USING (order_no) JOIN order_line AS line ON line.id = part.order_line_id
WHERE orders.order_no = :order_no AND part.qty_shipped > 0
""")
_WORTH_CANCELLED = text(f"""
SELECT coalesce(round(sum(line.qty_cancelled * {_SHARE}), 2), 0)
FROM sales_order AS orders JOIN order_line AS line USING (order_no)
WHERE orders.order_no = :order_no AND line.qty_cancelled > 0
""")
