"""What workers outside are offered: a row for each service task that is given to a topic, and a call to those who wait for one."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import text

from engine.runtime.state.stretch import Stretch
from engine.service_tasks import topic_of
from engine.spiff.records import Work
from engine.store.rows import insert_rows
from engine.store.tables import external_task

#: Who waits for external tasks listens here; the topic is what is said.
CHANNEL: Final = "external_task"


def make(stretch: Stretch, waits: Sequence[Work]) -> None:
    """Offer each of the waits that has a topic for outside. One that is offered already stays with who has it."""
    offered = [wait for wait in waits if stretch.runtime.service_tasks.leave_the_house(wait.handler)]
    if not offered:
        return
    insert_rows(stretch.tx, external_task, [_row(stretch, wait) for wait in offered], on_conflict=_AGAIN)
    for topic in {topic_of(wait.handler) for wait in offered}:
        stretch.tx.execute(_CALL, {"channel": CHANNEL, "topic": topic})


def _row(stretch: Stretch, wait: Work) -> dict[str, Any]:
    everybody, own = stretch.execution.variables, stretch.execution.variables_at(wait.task_id)
    priority = stretch.execution.process.elements[wait.element_id].properties.get("priority", "0")
    return {
        "id": wait.task_id,
        "topic": topic_of(wait.handler),
        "priority": int(priority),
        "variables": {name: value for name, value in own.items() if name not in everybody or everybody[name] != value},
    }


_AGAIN: Final = "(id) DO UPDATE SET topic = excluded.topic, priority = excluded.priority, variables = excluded.variables"
_CALL = text("SELECT pg_notify(:channel, :topic)")
