"""Lives the Northwind days: each day's orders come in as a file, people do what they did, and customers pay when it is due.

Nothing is written past the product: masters and orders go through its imports, everything else through its processes, forms and messages.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from api.auth.accounts import add_account
from api.demo.bank import Payment, statement_of
from api.demo.northwind.masters import CURRENCY, IBAN, files_of, order_rows, set_up_company
from api.demo.northwind.source import History, Order
from api.demo.people import PEOPLE
from engine.problems import Conflict
from engine.runtime.post.mailbox import Message
from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import messages, user_tasks
from engine.runtime.verbs.pending_changes import Wanting
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.store.clock import allow_moving, machine_now, move_company
from handlers.imports import verbs as imports
from handlers.imports.views import show_import
from handlers.receivables.bank_files import take_in_file

_MORNING = time(9)
_EVERYBODY = Person(
    "northwind",
    frozenset({"warehouse", "credit", "order-desk", "deal-desk", "accounts-receivable", "treasury"}),
    frozenset({"administer"}),
)
_BY = Wanting("northwind", "The history of Northwind")
_A_WEEK = timedelta(days=7)
#: Where the history knows no postal code, the order desk writes that there is none.
_NO_POSTAL_CODE = "00000"


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that was brought in: its kind, and how many of its rows were refused."""

    kind: str
    rows: int
    refused: int


def load_masters(runtime: Runtime, history: History) -> list[Sent]:
    """Set the company up and bring its masters in, at the beginning of the history. Raises Conflict where a company is there already."""
    with runtime.database.transaction() as tx:
        if tx.execute(text("SELECT 1 FROM company")).first() is not None:
            advice = "Replay it into an empty installation: name an empty directory with ORDERCRAFT_DATA, or leave out --keep."
            raise Conflict("There is a company here already.", code="company_there", next_step=advice)
        allow_moving(tx)
        _set_clock(tx, history.orders[0].ordered_on - timedelta(days=1))
        for person in PEOPLE:
            add_account(tx, person)
        set_up_company(tx)
    return [_send(runtime, kind, data) for kind, data in files_of(history)]


def live(runtime: Runtime, history: History, told: Callable[[int], None]) -> None:
    """Live every day on which something happened; `told` hears how many orders came in on it."""
    came, left = _by_day(history.orders, lambda order: order.ordered_on), _by_day(history.orders, lambda order: order.shipped_on)
    pays_on = min(came) + _A_WEEK
    for day in sorted(came.keys() | left.keys()):
        while pays_on < day:
            pays_on = _pay(runtime, pays_on)
        _begin_day(runtime, day)
        if day in came:
            _order(runtime, came[day])
        if day in left:
            _ship(runtime, left[day])
        told(len(came.get(day, ())))
    last = max(came.keys() | left.keys()) + timedelta(days=60)
    while pays_on < last:
        pays_on = _pay(runtime, pays_on)


def _by_day(orders: Sequence[Order], day_of: Callable[[Order], date | None]) -> Mapping[date, list[Order]]:
    days: dict[date, list[Order]] = defaultdict(list)
    for order in orders:
        day = day_of(order)
        if day is not None:
            days[day].append(order)
    return days


def _set_clock(tx: Session, day: date) -> None:
    move_company(tx, datetime.combine(day, _MORNING, UTC) - machine_now(tx))


def _begin_day(runtime: Runtime, day: date) -> None:
    with runtime.database.transaction() as tx:
        _set_clock(tx, day)
    run_until_idle(runtime)


def _send(runtime: Runtime, kind: str, data: bytes) -> Sent:
    with runtime.database.transaction() as tx:
        number = imports.check(runtime, tx, imports.File(kind=kind, name=f"northwind-{kind}.csv", data=data), _BY.name)
        imports.apply(runtime, tx, number, _BY)
        counts = show_import(tx, number).counts
    return Sent(kind, sum(counts.values()), counts["WRONG"])


def _order(runtime: Runtime, orders: Sequence[Order]) -> None:
    _send(runtime, "orders", order_rows(orders))
    run_until_idle(runtime)
    for _ in range(3):  # a repaired order may have a price to settle
        tasks = _tasks(runtime, ("repair_order", "settle_price_discrepancy"), [f"NW-{order.number}" for order in orders])
        for task in tasks:
            _complete(runtime, task.id, _REPAIRED | _address(task.ship_to) if task.element_id == "repair_order" else _CUSTOMERS_PRICE)
        if not tasks:
            return
        run_until_idle(runtime)


_REPAIRED = {"action": "repaired"}
_CUSTOMERS_PRICE = {"action": "customer_price", "reason": "The price of that day counts."}


def _address(ship_to: Mapping[str, str]) -> dict[str, Any]:
    parts = {name: ship_to.get(name) or "" for name in ("name", "street", "city", "postal_code", "country")}
    parts["postal_code"] = parts["postal_code"] or _NO_POSTAL_CODE
    return {"changes_address": True, "ship_to": parts}


def _ship(runtime: Runtime, orders: Sequence[Order]) -> None:
    references = [f"NW-{order.number}" for order in orders]
    with runtime.database.transaction() as tx:
        groups = tx.execute(_GROUPS, {"references": references}).scalars().all()
    for group_no in groups:  # those that wait for their window leave early, as they did
        _tell(runtime, Message("group.released", {"group_no": group_no}, {"group_no": group_no}))
    run_until_idle(runtime)
    for element, data in (("pick_and_pack", _PACKED), ("confirm_shipment", _HANDED_OVER)):
        for task in _tasks(runtime, (element,), references):
            _complete(runtime, task.id, data)
        run_until_idle(runtime)


_PACKED = {"packages": 1, "weight_kg": 10}
_HANDED_OVER = {"handed_over": True}


def _pay(runtime: Runtime, day: date) -> date:
    """Whatever falls due in the week after `day` is paid on it, by one statement; answers the day of the next."""
    _begin_day(runtime, day)
    with runtime.database.transaction() as tx:
        due = tx.execute(_DUE, {"until": day + _A_WEEK}).all()
        if due:
            opening = tx.execute(text("SELECT coalesce(sum(amount), 0) FROM receipt WHERE reversed_at IS NULL")).scalar_one()
            payments = [Payment(row.document_no, row.open_amount, CURRENCY, payer=row.name) for row in due]
            content = statement_of(f"NW-{day}", payments, day=day, iban=IBAN, opening=opening)
            numbers = take_in_file(tx, content).statement_nos
    if due:
        for number in numbers:
            given = {"statement_no": number}
            _tell(runtime, Message("statement.received", given, given, business_key=number))
        run_until_idle(runtime)
    return day + _A_WEEK


def _tell(runtime: Runtime, message: Message) -> None:
    with runtime.database.transaction() as tx:
        messages.publish(runtime, tx, message)


def _tasks(runtime: Runtime, elements: Sequence[str], references: Sequence[str]) -> Sequence[Any]:
    with runtime.database.transaction() as tx:
        return tx.execute(_OPEN_TASKS, {"elements": list(elements), "references": list(references)}).all()


def _complete(runtime: Runtime, task_id: Any, data: Mapping[str, Any]) -> None:
    with runtime.database.transaction() as tx:
        user_tasks.complete(runtime, tx, task_id, dict(data), user_tasks.Completion(_EVERYBODY))


_GROUPS = text("""
SELECT team.group_no FROM fulfil_group AS team JOIN sales_order USING (order_no)
JOIN instance ON instance.business_key = team.group_no
JOIN subscription ON subscription.instance_id = instance.id AND subscription.name = 'group.released'
WHERE sales_order.source = 'IMPORT' AND sales_order.source_ref = ANY(:references) ORDER BY team.group_no
""")
_OPEN_TASKS = text("""
SELECT user_task.id, user_task.element_id, sales_order.ship_to
FROM user_task JOIN instance ON instance.id = user_task.instance_id
JOIN sales_order ON sales_order.order_no = instance.business_key
  OR EXISTS (SELECT FROM fulfil_group AS team WHERE team.order_no = sales_order.order_no AND team.group_no = instance.business_key)
WHERE user_task.state = 'open' AND user_task.element_id = ANY(:elements)
  AND sales_order.source = 'IMPORT' AND sales_order.source_ref = ANY(:references)
ORDER BY sales_order.order_no, user_task.id
""")
_DUE = text("""
SELECT item.document_no, item.open_amount, customer.name FROM open_item AS item JOIN customer ON customer.customer_no = item.party_no
WHERE item.kind = 'AR' AND item.open_amount > 0 AND item.due_date <= :until ORDER BY item.document_no
""")
