"""Measures how long the server takes over the lists of the house where very much is open, for people with much and with nothing to do."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from re import search
from time import perf_counter
from typing import Final

from flask.testing import FlaskClient
from sqlalchemy import text

from api.app import create_app
from api.benchmarks.many_rows import fill
from api.content import deploy_content
from api.demo.company import load_company
from api.product import Product
from engine.problems import Conflict
from engine.store.patience import MIGRATION
from handlers.reporting.kpi import keep_today
from handlers.reporting.kpis import KPIS

#: The one has most of the tasks, the other belongs to every group and oversees all of them, the analyst has nothing to do.
_WHO: Final = ("tom", "edith", "ravi")
_PAGES: Final[Mapping[str, str]] = {
    "today": "/",
    "worklist": "/worklist",
    "worklist, further on": "/worklist?sort=oldest",
    "worklist, by priority": "/worklist?sort=priority",
    "worklist, overdue": "/worklist?view=overdue",
    "worklist, of a process": "/worklist?process=quote-to-order",
    "worklist, a number found": "/worklist?q=5004711",
    "worklist, a word found": "/worklist?q=approve",
    "worklist, nothing found": "/worklist?q=waterfall",
    "orders": "/orders",
    "orders, further on": "/orders?sort=oldest",
    "orders, a number found": "/orders?q=SO-5004711",
    "instances": "/operations/instances",
    "instances, further on": "/operations/instances?state=waiting",
    "instances, a number found": "/operations/instances?q=SO-5004711",
    "search": "/search?q=SO-500471",
}
_FURTHER: Final = "further on"
#: So many pages are turned before "further on" is measured.
_TURNED: Final = 3


@dataclass(frozen=True, slots=True)
class ListTook:
    """How long the server took over a page, in milliseconds: the median of its rounds, and what 19 of 20 do not reach."""

    page: str
    person: str
    p50_ms: float
    p95_ms: float


def fill_company(product: Product, rows: int) -> None:
    """The demo company with so many open tasks, instances and orders more."""
    deploy_content(product, actor="benchmark")
    load_company(product.database)
    with product.database.transaction() as tx:
        MIGRATION.asked_of(tx)  # it takes what it takes
        fill(tx, rows)
    with product.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE"))
    with product.database.transaction() as tx:  # as workers do every hour
        keep_today(KPIS)(tx)


def run(product: Product, rounds: int) -> list[ListTook]:
    """Ask for each page as each person, so many times."""
    application = create_app(product)
    took = []
    for person in _WHO:
        client = application.test_client()
        client.post("/login", data={"persona": person})
        took += [_measured(client, person, page, rounds) for page in _PAGES]
    return took


def _measured(client: FlaskClient, person: str, page: str, rounds: int) -> ListTook:
    address = _PAGES[page]
    if page.endswith(_FURTHER):
        for _ in range(_TURNED):
            address = _next(client, address)
    times = [_timed(client, address) for _ in range(rounds + 1)][1:]  # the first one compiles templates and statements
    return ListTook(page, person, round(statistics.median(times), 1), round(_nineteen_of_twenty(times), 1))


def _timed(client: FlaskClient, address: str) -> float:
    began = perf_counter()
    answer = client.get(address)
    took = (perf_counter() - began) * 1000
    if answer.status_code != 200:  # noqa: PLR2004  # all is well
        raise Conflict(f"{address} answers {answer.status_code}.", code="benchmark_stuck", next_step="Look at the log.")
    return took


def _next(client: FlaskClient, address: str) -> str:
    """The address of the next page; the same one where there is none."""
    found = search(r'href="([^"]*cursor=[^"]*)"[^>]*rel="next"|rel="next"[^>]*href="([^"]*)"', client.get(address).text)
    return (found.group(1) or found.group(2)).replace("&amp;", "&") if found else address


def _nineteen_of_twenty(times: Sequence[float]) -> float:
    return sorted(times)[max(0, round(len(times) * 0.95) - 1)]
