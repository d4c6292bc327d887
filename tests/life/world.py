"""What a company's random life is played on: its API, its clock, and a diary of what was done and answered."""

import json
import math
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from api.bootstrap import ports
from api.content import deploy_content
from api.demo.company import load_company
from api.product import Product
from api.settings import Settings
from engine.jobs.null_dispatcher import NullDispatcher
from engine.runtime.state.limits import Limits
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import housekeeping
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.store import clock, locks
from engine.store.unit_of_work import Database
from handlers.constraints import RULES
from handlers.documents import pdf
from handlers.invariants import check_all
from handlers.registry import service_tasks
from tests.applications import application_of
from tests.life.bank import Bank
from tests.life.replay import A_STEP, begin_chance, make_repeatable

#: How many of the last requests are told when something is wrong.
REMEMBERED = 20
#: Incidents that only a defect makes.
DEFECTS = ("error", "defect", "claims_without_progress", "steps_without_wait")
FAILED = 500
#: Who decides where Edith may not, for she had asked for it herself.
SECOND_PERSONS = ("ines", "marcus", "amina", "clara", "petra")


@dataclass
class Seen:
    """What was seen: how often each kind of thing happened and how it was answered, and what should never be."""

    answers: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    faults: list[str] = field(default_factory=list)
    diary: deque[str] = field(default_factory=lambda: deque(maxlen=REMEMBERED))


class World:
    """One company, whose people, customers, suppliers and bank speak through the API."""

    def __init__(self, database: Database, seed: int, monkeypatch: pytest.MonkeyPatch, *, repeatable: bool = False) -> None:
        self.repeatable = repeatable
        if repeatable:
            make_repeatable(database, seed, monkeypatch)
        monkeypatch.setattr(pdf, "_compile", printed_once(pdf._compile))
        self.chance, self.database, self.seen = Random(seed), database, Seen()
        self.tasks = service_tasks()
        self.step, self.ahead = 0, timedelta()
        load_company(database)
        self.product = Product(Settings(), database, self.runtime(database), demo=True)
        deploy_content(self.product, actor="ordercraft")
        application = application_of(self.product)
        #: Sara writes quotes, so that somebody else can approve them; Tom is of the order desk; Edith does everything else, and where it
        #: takes another person the others do.
        self.people = {name: _sign_in(application.test_client(), name) for name in ("edith", "sara", "tom", *SECOND_PERSONS)}
        if repeatable:
            begin_chance(seed, monkeypatch)
        self.bank = Bank(self.chance)
        #: What was sent before and may come again.
        self.orders: list[dict[str, Any]] = []
        self.papers: list[tuple[str, dict[str, Any]]] = []
        self.files: list[tuple[str, bytes, str]] = []

    def runtime(self, database: Database) -> Runtime:
        """A process with nothing in memory."""
        limits = Limits(seconds_per_transaction=math.inf) if self.repeatable else Limits()
        return Runtime(database, self.tasks, ports(), NullDispatcher(), limits, constraints=RULES)

    # ---- what people do

    def send(  # noqa: PLR0913  # what a request has, told by name
        self, what: str, path: str, body: Any = None, *, method: str = "post", by: str = "edith", content_type: str = "application/xml"
    ) -> tuple[int, Any]:
        """A request, counted under `what`; an answer that may never be is kept as a fault."""
        given = {"data": body, "content_type": content_type} if isinstance(body, bytes) else {"json": {} if body is None else body}
        headers = {"Idempotency-Key": f"{self.step}-{path}-{self.chance.random()}"}
        answer = getattr(self.people[by], method)(f"/api/v1{path}", headers=headers, **given)
        found = answer.get_json(silent=True) or {}
        code = found.get("code", "") if answer.status_code >= 400 else ""
        said = f"{what} {answer.status_code} {code}".strip()
        self.seen.answers[said] += 1
        self.note(f"{said} {path} {body!r:.300}")
        if answer.status_code >= FAILED or code == "collision":
            self.seen.faults.append(f"{path} {answer.status_code} {json.dumps(found)[:300]} {body}"[:800])
        return answer.status_code, found

    def get(self, path: str) -> Any:
        """What somebody looks at."""
        answer = self.people["edith"].get(f"/api/v1{path}")
        if answer.status_code >= FAILED:
            self.seen.faults.append(f"{path} {answer.status_code}")
        return answer.get_json(silent=True) or {}

    def note(self, line: str) -> None:
        """Keep a line of the diary."""
        self.seen.diary.append(f"{self.step}: {line}")

    def rows(self, sql: str, **values: Any) -> list[Any]:
        """What is there to be acted on."""
        with self.database.transaction() as tx:
            return list(tx.execute(text(sql), values).mappings())

    def one(self, sql: str, **values: Any) -> Any:
        """One of what is there, by chance; None when nothing is."""
        found = self.rows(sql, **values)
        return self.chance.choice(found) if found else None

    def change(self, sql: str) -> None:
        """What no request does: the machine's own doing."""
        with self.database.transaction() as tx:
            tx.execute(text(sql))

    # ---- the clock

    def begin_step(self) -> None:
        """Something is about to happen."""
        self.step += 1
        if self.repeatable:
            self._move_clock(A_STEP)

    def today(self) -> date:
        """The company's date."""
        with self.database.transaction() as tx:
            return clock.business_today(tx)

    def pass_time(self, much: timedelta) -> None:
        """Time goes by, and the clock does its rounds."""
        self._move_clock(much)
        housekeeping.clean(self.product.runtime)
        housekeeping.sweep(self.product.runtime)

    def _move_clock(self, much: timedelta) -> None:
        self.ahead += much
        with self.database.transaction() as tx:
            clock.move_company(tx, self.ahead)

    # ---- what must be true

    def rest(self) -> None:
        """Everybody works until nothing is left to do by itself."""
        for _ in range(20):
            if not run_until_idle(self.product.runtime):
                return
        self.seen.faults.append("work never ends")

    def look(self) -> list[str]:
        """Everything that should not be: faults, locks out of order, incidents that only a defect makes, broken invariants."""
        with self.database.transaction() as tx:
            broken = [f"{each.id} {each.sentence[:150]} {each.examples[:3]}" for each in check_all(tx) if not each.ok]
        defects = [str(dict(each)) for each in self.rows(_DEFECTS, kinds=list(DEFECTS))]
        return [*self.seen.faults, *sorted(set(locks.watch.broken)), *defects, *broken]

    def told(self, wrong: Iterable[str]) -> str:
        """The last that was done and all that ran under the numbers that are wrong, for whoever looks for the cause."""
        numbers = sorted(set(_NUMBERS.findall(" ".join(wrong))))
        ran = [" ".join(str(value) for value in row.values()) for row in self.rows(_RAN, numbers=numbers)]
        return "\n".join(["what ran under its number:", *ran, "what was done last:", *self.seen.diary])


def printed_once(compile_: Callable[..., bytes]) -> Callable[..., bytes]:
    """Each kind of paper is really printed once; a life makes hundreds of them, and is not about paper."""
    printed: dict[str, bytes] = {}

    def printing(source: str, *given: Any) -> bytes:
        return printed.get(source) or printed.setdefault(source, compile_(source, *given))

    return printing


def _sign_in(browser: FlaskClient, name: str) -> FlaskClient:
    browser.post("/login", data={"persona": name})
    browser.environ_base["HTTP_X_CSRF_TOKEN"] = browser.get("/api/v1/me").json["csrf_token"]
    return browser


_NUMBERS = re.compile(r"\b[A-Z]{1,4}-\d+\b")
#: What operators did to an instance, and where each of its steps led.
_RAN = """
SELECT business_key, process_key, state, ran.at, ran.what FROM instance CROSS JOIN LATERAL (
  SELECT id, ended_at AS at, element_id || ' ' || outcome || ' ' || coalesce(changed::text, '') AS what FROM history
  WHERE instance_id = instance.id
  UNION ALL
  SELECT 0, at, action || ' by ' || actor || ' ' || coalesce(detail::text, '') FROM audit WHERE target = 'instance:' || instance.id
) AS ran WHERE business_key = ANY(:numbers) OR business_key IN (SELECT group_no FROM fulfil_group WHERE order_no = ANY(:numbers))
ORDER BY ran.at, started_at, instance.id, ran.id
"""
_DEFECTS = """
SELECT DISTINCT ON (fingerprint) handler, element_id, kind, message, coalesce(right(traceback, 600), '') AS traceback
FROM incident WHERE kind = ANY(:kinds) ORDER BY fingerprint
"""
