"""Makes the ninety days: a company in an empty database, lived day by day, and what there is in the end."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from api.content import deploy_content
from api.demo.company import load_company
from api.demo.history import days
from api.demo.history.house import House
from api.demo.history.masters import load_masters
from api.demo.opening import OFFICE
from engine.runtime.state.people import Person
from engine.runtime.verbs.calendars import save_calendar
from engine.store.clock import allow_moving, business_now, machine_now, move_company
from engine.store.unit_of_work import Database
from handlers.documents.pdf import print_pdf_plain
from handlers.documents.store import replace_papers
from handlers.invariants import check_all

_DAYS = timedelta(days=90)
_PAPERS = timedelta(days=14)
_NOT_KEPT = Path(__file__).with_name("not-kept.typ")


@dataclass(frozen=True, slots=True)
class Made:
    """How many there are of what a visitor sees, and the invariants that do not hold."""

    figures: Mapping[str, int]
    broken: Sequence[str]


def days_until(last: date) -> tuple[date, date]:
    """The first and the last of the ninety days."""
    return last - _DAYS, last


def make(house: House, first: date, last: date, told: Callable[[int], None] = lambda _: None) -> Made:
    """Live them in a house whose database is empty; `told` hears how many days are over more than before. Raises what fails on the way."""
    database = house.database
    with database.transaction() as tx:
        allow_moving(tx)
        move_company(tx, datetime.combine(first, time(6), house.product.runtime.time_zone) - machine_now(tx))
    load_company(database)
    load_masters(database)
    deploy_content(house.product, actor="ordercraft")
    with database.transaction() as tx:
        save_calendar(house.product.runtime, tx, OFFICE, Person("edith"))
    before = first

    def tell(day: date) -> None:
        nonlocal before
        told((day - before).days)
        before = day

    days.live(house, first, last, tell)
    with database.transaction() as tx:
        keep_recent_papers(tx)
    return _made(database)


def keep_recent_papers(tx: Session) -> None:
    """Put one sheet in the place of each older PDF, which says so: papers are most of the bytes, and few open an old one."""
    sheet = print_pdf_plain(_NOT_KEPT, {"days": _PAPERS.days}, business_now(tx))
    replace_papers(tx, "application/pdf", business_now(tx) - _PAPERS, bytes(sheet))


def _made(database: Database) -> Made:
    with database.transaction() as tx:
        figures = {name: tx.execute(text(sql)).scalar_one() for name, sql in _FIGURES.items()}
        broken = [f"{each.id} {each.sentence} {each.examples[:3]}" for each in check_all(tx) if not each.ok]
    return Made(figures, broken)


_FIGURES = {
    "orders": "SELECT count(*) FROM sales_order",
    "quotes": "SELECT count(*) FROM quote",
    "invoices": "SELECT count(*) FROM invoice",
    "receipts": "SELECT count(*) FROM receipt",
    "instances_running": "SELECT count(*) FROM instance WHERE state NOT IN ('completed', 'cancelled')",
    "tasks_open": "SELECT count(*) FROM user_task WHERE state = 'open'",
    "tasks_late": "SELECT count(*) FROM user_task WHERE state = 'open' AND due_at < business_now()",
    "incidents": "SELECT count(*) FROM incident WHERE state = 'open'",
    "causes": "SELECT count(DISTINCT fingerprint) FROM incident WHERE state = 'open'",
    "months_closed": "SELECT count(*) FROM period_close WHERE closed_at IS NOT NULL",
    "documents": "SELECT count(*) FROM document",
}
