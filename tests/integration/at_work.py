"""The processes of `bpmn/` at work in the real runtime, and somebody who belongs to every group: what tests through the diagrams share."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bpmn
from api.auth.roles import GROUPS
from api.bootstrap import ports
from engine.jobs.null_dispatcher import NullDispatcher
from engine.models.bundle import read_bundle
from engine.runtime.read.lists import list_incidents
from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import deploy, messages, user_tasks
from engine.runtime.verbs.messages import Message
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.runtime.verbs.user_tasks import Completion
from engine.store.paging import Asked
from engine.store.unit_of_work import Database
from handlers.registry import service_tasks
from tests.worklist import tasks_of

WANDA = Person("wanda", frozenset(GROUPS))


def at_work(database: Database, *folders: str) -> Runtime:
    """A runtime in which the bundles of some folders of `bpmn/` are deployed."""
    runtime = Runtime(database, service_tasks(), ports(), NullDispatcher())
    with database.transaction() as tx:
        for folder in folders:
            deploy.deploy(runtime, tx, read_bundle(Path(bpmn.__path__[0]) / folder), "ada")
    return runtime


def settle(runtime: Runtime) -> None:
    """The engine does what it can do now; nothing of it may fail."""
    run_until_idle(runtime)
    with runtime.database.transaction() as tx:
        assert [(each.element_id, each.message) for each in list_incidents(tx, Asked()).rows] == []


def tell(runtime: Runtime, message: Message) -> str:
    """A message comes in; what became of it."""
    with runtime.database.transaction() as tx:
        state = messages.publish(runtime, tx, message).state
    settle(runtime)
    return state


def say(runtime: Runtime, name: str, key: str | None, **payload: Any) -> str:
    """A message about a purchase order is found by its number, any other by all that it says."""
    correlation: Mapping[str, Any] = {"po_no": payload["po_no"]} if "po_no" in payload else payload
    return tell(runtime, Message(name=name, correlation=correlation, payload=payload, business_key=key))


def do(runtime: Runtime, title: str, *, person: Person = WANDA, **data: Any) -> None:
    """Somebody does the one task whose title has these words."""
    with runtime.database.transaction() as tx:
        tasks = tasks_of(tx, person)
        (task,) = [each for each in tasks if title in each.title] or [None]
        assert task is not None, [each.title for each in tasks]
        user_tasks.complete(runtime, tx, task.id, data, Completion(person))
    settle(runtime)
