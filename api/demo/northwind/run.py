"""Replays the history in a fresh database, or in an installation that is to be kept, and counts what became of it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from api.bootstrap import ports
from api.content import deploy_content
from api.demo.northwind import figures, replay
from api.demo.northwind.masters import CURRENCY
from api.demo.northwind.source import History
from api.product import Product
from api.settings import Settings
from engine.jobs.null_dispatcher import NullDispatcher
from engine.runtime.state.runtime import Runtime
from engine.store.unit_of_work import Database
from handlers.constraints import RULES
from handlers.fulfillment.ports import Carrier
from handlers.fulfillment.rate_table import DEFAULT_ZONES, RateTable
from handlers.fulfillment.rules import Zone
from handlers.registry import service_tasks

#: Northwind ships to South America too, and pays its carriers in dollars.
_ZONES = (*DEFAULT_ZONES, Zone("SOUTH", frozenset({"AR", "VE"}), Decimal("42.00"), Decimal("5.10"), "AIR"))


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of it: the files that were brought in, the figures, and the invariants that do not hold."""

    sent: Sequence[replay.Sent]
    figures: figures.Figures
    broken: Sequence[str]


def run(database: Database, history: History, told: Callable[[int], None]) -> Replayed:
    """Replay a history in a migrated database without a company. `told` hears of each day how many orders came in. Raises Conflict."""
    carrier = RateTable(currency=CURRENCY, zones=_ZONES)
    runtime = Runtime(
        database=database,
        service_tasks=service_tasks(),
        ports={**ports(), Carrier: carrier},
        dispatcher=NullDispatcher(),
        constraints=RULES,
    )
    sent = replay.load_masters(runtime, history)
    deploy_content(Product(Settings(), database, runtime), actor="northwind")
    begun = time.monotonic()
    replay.live(runtime, history, told)
    seconds = time.monotonic() - begun
    with database.transaction() as tx:
        counted, broken = figures.count(tx, seconds)
    return Replayed(sent, counted, broken)
