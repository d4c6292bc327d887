"""A process dies within every act of the engine, before each statement it sends and right after each commit; then it is done again.

What the acts leave is compared with what they leave when nobody dies: nothing is lost, nothing is there twice, nothing is half done.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from engine.problems import Problem
from engine.runtime.operate import batch_work, batches, migrate, operations, token_moves
from engine.runtime.operate.migrate import Migration
from engine.runtime.post import timers
from engine.runtime.state import effects
from engine.runtime.state.chosen import Filter
from engine.runtime.state.effects import EffectSink
from engine.runtime.state.people import Person
from engine.runtime.verbs import external_fetch, external_tasks, messages
from engine.runtime.verbs.external_fetch import Fetch, Topic
from engine.runtime.verbs.external_tasks import Holder
from engine.runtime.verbs.messages import Message
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.store import unit_of_work
from engine.store.unit_of_work import Database
from tests import tiny_models as m
from tests.databases import Standing, standing_from
from tests.examples import TIMES
from tests.integration.runtime.conftest import world_in

ROBOT = Person("robot")
FLOWS = "start -> decide -> post -> wait -> pause -> pack -> book -> tell -> done"
STEPS = (
    m.start()
    + m.user("decide", candidateGroups="sales")
    + m.service("post", "orders.price", order_no="order_no")
    + m.catch("wait", "paid", "={ order_no: order_no }")
    + m.timer("pause", "PT1H")
    + m.service("pack", "topic:pack-parcel")
    + m.service("book", "carrier.book", order_no="order_no", retry="R0/PT10S")
    + m.throw("tell", "told", payload="={ order_no: order_no }")
    + m.end()
)
HEARD = m.start("hear", '<bpmn:messageEventDefinition messageRef="told"/>') + m.end("heard")
NAMES = m.message("paid") + m.message("told")
BUNDLE = m.bundle("trade", STEPS, FLOWS, outside=NAMES)
CHANGED = m.bundle("trade", STEPS.replace('name="decide"', 'name="Decide on it"'), FLOWS, outside=NAMES)


#: `make prove` dies at each moment, `make test` at every eleventh: there are about four hundred, and each begins from the start.
EVERY = 1 if TIMES else 11


class Killed(BaseException):
    """What a SIGKILL looks like from inside: nothing below catches it."""


class Sink:
    """The outside, which keeps what it was sent by key."""

    def __init__(self) -> None:
        self.got: Counter[str] = Counter()

    def deliver(self, effect: effects.Effect, attempt: int) -> dict[str, Any]:
        self.got[effect.key] += 1
        return {}


class Trade:
    """One order, led to the moment before an act; each of the words below is one act of a caller who repeats it when it is not answered."""

    def __init__(self, world) -> None:
        self.sink = Sink()
        self.world = world
        self.world.runtime = replace(world.runtime, ports={EffectSink: self.sink})
        self.key = "SO-17"

    @property
    def instance(self) -> UUID:
        return self.world.one("SELECT id FROM instance WHERE business_key = :key AND process_key = 'trade'", key=self.key).id

    def restart(self) -> None:
        """Another process comes: nothing in memory, and the leases of the dead one have run out."""
        self.world = self.world.another_process()
        self.world.runtime = replace(self.world.runtime, ports={EffectSink: self.sink})
        self.world.do("UPDATE instance SET lease_until = now() - interval '1 second' WHERE lease_owner IS NOT NULL")
        self.world.do("UPDATE effect SET due_at = now() WHERE state = 'pending'")

    def in_one(self, verb: Callable[..., Any], *given: Any) -> Any:
        with self.world.database.transaction() as tx:
            return verb(self.world.runtime, tx, *given)

    # ---- the story, one act after the other
    def start(self) -> None:
        self.world.start("trade", {"order_no": self.key}, business_key=self.key, dedupe_key="start-17")

    def decide(self) -> None:
        for task in self.world.tasks():
            self.world.complete(task.id, {"approved": True})

    def work(self) -> None:
        run_until_idle(self.world.runtime)

    def pay(self) -> None:
        self.in_one(messages.publish, Message("paid", {"order_no": self.key}, message_id="paid-17"))

    def pay_early(self) -> None:
        """Noted beside business rows: whoever waits is told by a worker."""
        self.in_one(messages.note, Message("paid", {"order_no": self.key}, message_id="paid-17"))

    def fire(self) -> None:
        self.world.do("UPDATE timer SET due_at = now() - interval '1 minute'")
        self.in_one(timers.tick)

    def pack(self) -> None:
        asked = Fetch("w-1", (Topic("pack-parcel", timedelta(minutes=1)),), 10)
        with self.world.database.transaction() as tx:
            fetched = external_fetch.fetch(tx, ROBOT, asked)
        for task in fetched:
            with self.world.database.transaction() as tx:
                external_tasks.complete(self.world.runtime, tx, Holder(ROBOT, "w-1"), task.id, {"weight": 2})

    def pack_again(self) -> None:
        self.world.do("UPDATE external_task SET locked_until = now() - interval '1 second'")
        self.pack()

    def retry(self) -> None:
        self.world.stage.mode = "fine"
        self.in_one(operations.retry, self.instance, "olga", "the carrier is back")

    def retry_many(self) -> None:
        self.world.stage.mode = "fine"
        if not self.world.all("SELECT 1 FROM batch"):
            self.in_one(batches.begin, batches.Order("retry", Filter(), "olga", "The carrier is back"))
        self.work_batch()

    def work_batch(self) -> None:
        batch_work.work(self.world.runtime)
        run_until_idle(self.world.runtime)
        batch_work.work(self.world.runtime)

    def send(self) -> None:
        effects.deliver(self.world.runtime)

    def deploy(self) -> None:
        self.world.deploy(CHANGED)

    def take_over(self) -> None:
        newest = self.world.one("SELECT max(id) AS id FROM process_version WHERE process_key = 'trade'").id
        self.in_one(migrate.migrate, self.instance, Migration(newest, "olga", "the law has changed"))

    def cancel(self) -> None:
        self.in_one(operations.cancel, self.instance, "olga", "the customer asked")

    def suspend(self) -> None:
        self.in_one(operations.suspend, self.instance, "olga", "stocktaking")

    def resume(self) -> None:
        self.in_one(operations.resume, self.instance, "olga", "stock taken")

    def move(self) -> None:
        for task in self.world.tasks():
            self.in_one(token_moves.move, token_moves.Step(self.instance, task.id, "olga", "decided by telephone"), "wait")

    def carrier_breaks(self) -> None:
        self.world.stage.mode = "broken"

    # ---- what is there in the end
    def left(self) -> dict[str, Any]:
        """All that is told of it, without what tells one run from another: numbers, moments, leases."""
        found: dict[str, Any] = {name: sorted(map(repr, self.world.all(query))) for name, query in LEFT.items()}
        return found | {"sent": len(self.sink.got), "keys": len({key for name, key, _ in self.world.stage.calls if name == "carrier.book"})}


LEFT = {
    "instances": "SELECT process_key, business_key, state, variables, wake > done AS awake, started_by_instance_id IS NULL FROM instance",
    "history": "SELECT element_id, outcome, count(*) FROM history GROUP BY 1, 2",
    "tasks": "SELECT element_id, state, count(*) FROM user_task GROUP BY 1, 2",
    "waits": "SELECT element_id, name, count(*) FROM subscription GROUP BY 1, 2",
    "timers": "SELECT element_id, fired, count(*) FROM timer GROUP BY 1, 2",
    "calls": "SELECT element_id, count(*) FROM work GROUP BY 1",
    "outside": "SELECT topic, locked_until IS NULL, count(*) FROM external_task GROUP BY 1, 2",
    "facts": "SELECT kind, count(*) FROM inbox GROUP BY 1",
    "effects": "SELECT kind, target, element_id, state, count(*) FROM effect GROUP BY 1, 2, 3, 4",
    "postings": "SELECT note, count(*) FROM scratch GROUP BY 1",
    "messages": "SELECT name, state, count(*) FROM message GROUP BY 1, 2",
    "incidents": "SELECT element_id, kind, state, count(*) FROM incident GROUP BY 1, 2, 3",
    "audit": "SELECT actor, action, reason, count(*) FROM audit GROUP BY 1, 2, 3",
    "versions": "SELECT process_key, count(*) FROM process_version GROUP BY 1",
    "bound": "SELECT process_key, version_id_rank FROM (SELECT instance.process_key, dense_rank() OVER (PARTITION BY instance.process_key "
    "ORDER BY process_version_id) AS version_id_rank FROM instance) AS ranked",
    "batches": "SELECT verb, state FROM batch",
    "items": "SELECT state, count(*) FROM batch_item GROUP BY 1",
}


@dataclass(frozen=True)
class Act:
    """An act, what is done before it, and how a caller who had no answer does it again (as before unless said)."""

    before: str
    name: str
    again: str = ""


ACTS = (
    Act("", "start"),
    Act("start", "decide"),
    Act("start decide", "work"),
    Act("start decide work", "pay"),
    Act("start decide work", "pay_early"),
    Act("start pay_early decide", "work"),
    Act("start decide work pay", "fire"),
    Act("start decide work pay fire work", "pack", "pack_again"),
    Act("start decide work pay fire work pack", "work"),
    Act("carrier_breaks start decide work", "retry"),
    Act("start decide work pay fire work carrier_breaks pack work", "retry"),
    Act("start decide work pay fire work carrier_breaks pack work", "retry_many"),
    Act("start decide", "send"),
    Act("start", "deploy"),
    Act("start deploy", "take_over"),
    Act("start", "cancel"),
    Act("start", "suspend"),
    Act("start suspend", "resume"),
    Act("start", "move"),
)


@contextmanager
def dying(trade: Trade, at: int) -> Iterator[Callable[[], bool]]:
    """The process dies at the given moment of what is done inside; asked afterwards, it says whether it did."""
    moments = 0
    died = False

    def moment(*_: Any) -> None:
        nonlocal moments, died
        moments += 1
        if moments == at:
            died = True
            raise Killed

    def mortal(tx: Session, *_: Any) -> None:
        tx.info.setdefault(unit_of_work._AFTER_COMMIT, []).insert(0, moment)

    engine = trade.world.database.engine
    event.listen(engine, "before_cursor_execute", moment)
    event.listen(Session, "after_begin", mortal)
    try:
        yield lambda: died
    finally:
        event.remove(Session, "after_begin", mortal)
        event.remove(engine, "before_cursor_execute", moment)


@pytest.fixture(scope="module")
def standing(server_url, template_database) -> Iterator[Standing]:
    """Databases in which both processes are deployed, one after the other."""

    def deploy_both(database: Database) -> None:
        world = world_in(database)
        world.deploy(BUNDLE)
        world.deploy(m.bundle("listener", HEARD, "hear -> heard", outside=NAMES))

    yield from standing_from(server_url, "ordercraft_trade", template_database, deploy_both)


@contextmanager
def led(standing: Standing, words: str) -> Iterator[Trade]:
    """An order that has come as far as the words say."""
    with standing.lend() as database:
        trade = Trade(world_in(database))
        for word in words.split():
            getattr(trade, word)()
        yield trade


@pytest.mark.parametrize("act", ACTS, ids=lambda act: f"{act.name} after {act.before or 'nothing'}")
def test_an_act_in_which_the_process_died_and_that_was_done_again_leaves_what_it_leaves_undisturbed(standing, act):
    with led(standing, f"{act.before} {act.name} work") as trade:
        undisturbed = trade.left()
    at, has_died = 1 - EVERY, True
    while has_died:
        at += EVERY
        with led(standing, act.before) as trade:
            with dying(trade, at) as died, suppress(Killed):
                getattr(trade, act.name)()
            has_died = died()
            if has_died:
                trade.restart()
                with suppress(Problem):  # whoever repeats what was done already is told so
                    getattr(trade, act.again or act.name)()
            trade.work()
            assert trade.left() == undisturbed, f"it died at moment {at}"
    assert at > 3
