"""The house whose days are lived: its people at the product's own doors, its clock, and chance from a seed."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any, Final

import structlog
from sqlalchemy import text
from werkzeug.test import Client

from api.bootstrap import ports
from api.product import Product
from api.settings import Settings
from engine.jobs.null_dispatcher import NullDispatcher
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import housekeeping
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.store import json_text
from engine.store.clock import business_today, machine_now, move_company
from engine.store.unit_of_work import Database
from handlers.constraints import RULES
from handlers.fulfillment.ports import Booked, Carrier, Consignment
from handlers.fulfillment.rate_table import RateTable
from handlers.registry import service_tasks

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = structlog.get_logger()
_SEED: Final = 20_260_901
_REFUSED: Final = 400
_FAILED: Final = 500


class CarrierAway:
    """The carrier of the demo, whose service is away for some countries, and slow for what is heavy, from a day on."""

    def __init__(self) -> None:
        self.away_for: frozenset[str] = frozenset()
        #: Above so many kilograms it does not answer in time.
        self.slow_above: Decimal | None = None
        self._table = RateTable()

    def book(self, consignment: Consignment, key: str) -> Booked:
        """Raises ConnectionError while the service is away, TimeoutError where it does not answer in time."""
        if consignment.receiver.country in self.away_for:
            raise ConnectionError("The carrier's service answered 503: shipments abroad cannot be booked at the moment.")
        if self.slow_above is not None and consignment.weight_kg > self.slow_above:
            raise TimeoutError("The carrier's service for heavy goods did not answer within 20 seconds.")
        return self._table.book(consignment, key)

    def void(self, shipment_no: str, tracking_no: str) -> None:
        """Give a booking back."""
        self._table.void(shipment_no, tracking_no)


class House:
    """One company in a migrated database that holds the demo company; `make_application` makes the web application of an installation."""

    def __init__(self, database: Database, make_application: Callable[[Product], "WSGIApplication"]) -> None:
        self.database, self.chance, self.carrier = database, Random(_SEED), CarrierAway()  # noqa: S311  # a story, no secret
        runtime = Runtime(database, service_tasks(), {**ports(), Carrier: self.carrier}, NullDispatcher(), constraints=RULES)
        self.product = Product(Settings(), database, runtime, demo=True)
        self._application = make_application(self.product)
        self._people: dict[str, tuple[Client, Mapping[str, str]]] = {}
        self._asked = 0

    # ---- people and partners at our doors

    def send(self, by: str, path: str, body: Any = None, *, media_type: str = "application/json", method: str = "POST") -> Any:
        """A request of somebody; answers None where it was refused, which people bear. Raises RuntimeError for what fails."""
        self._asked += 1
        data = body if isinstance(body, bytes) else json_text.encode({} if body is None else body)
        headers = {"Idempotency-Key": f"history-{self._asked}"}
        return self._answer(by, method, path, data=data, content_type=media_type, headers=headers)

    def get(self, by: str, path: str) -> Any:
        """What somebody looks at."""
        return self._answer(by, "GET", path)

    def _answer(self, by: str, method: str, path: str, **given: Any) -> Any:
        client, token = self._person(by)
        answer = client.open(f"/api/v1{path}", method=method, headers={**token, **given.pop("headers", {})}, **given)
        if answer.status_code >= _FAILED:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        if answer.status_code >= _REFUSED:
            log.info("refused", by=by, path=path, status=answer.status_code, answer=answer.text[:400])
            return None
        return json_text.decode(answer.data) if answer.data else {}

    def _person(self, name: str) -> tuple[Client, Mapping[str, str]]:
        if name not in self._people:
            client = Client(self._application)
            client.post("/login", data={"persona": name})
            me = json_text.decode(client.get("/api/v1/me").data)
            self._people[name] = client, {"X-CSRF-Token": me["csrf_token"]}
        return self._people[name]

    # ---- what there is to act on

    def rows(self, sql: str, **values: Any) -> list[Any]:
        """What is there, in an order that is the same each time."""
        with self.database.transaction() as tx:
            return list(tx.execute(text(sql), values).mappings())

    def happens(self, likely: float) -> bool:
        """Whether something happens this time."""
        return self.chance.random() < likely

    # ---- the clock

    @property
    def today(self) -> date:
        """The company's date."""
        with self.database.transaction() as tx:
            return business_today(tx)

    def set_clock(self, day: date, hour: int) -> None:
        """It is so late on this day in the company's zone; timers that are due fire, and everything that can go on by itself does."""
        moment = datetime.combine(day, time(hour), self.product.runtime.time_zone)
        with self.database.transaction() as tx:
            move_company(tx, moment - machine_now(tx))
        housekeeping.sweep(self.product.runtime)
        self.work()

    def work(self) -> None:
        """The workers go on until nothing is left to do by itself."""
        while run_until_idle(self.product.runtime):
            pass


def money(amount: Decimal) -> Decimal:
    """To the cent."""
    return amount.quantize(Decimal("0.01"))


def workdays(first: date, last: date) -> list[date]:
    """Mondays to Fridays."""
    return [day for day in (first + timedelta(days=n) for n in range((last - first).days + 1)) if day.weekday() < 5]  # noqa: PLR2004  # Saturday
