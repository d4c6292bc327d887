"""The user tasks that a person may see, for tests that only want to go on."""

from typing import Any

from sqlalchemy.orm import Session

from engine.runtime.read.worklist import EVERYBODY, Filter, TaskRow, list_tasks
from engine.runtime.state.people import Person
from engine.store.paging import Asked


def tasks_of(tx: Session, person: Person, **wanted: Any) -> list[TaskRow]:
    return list(list_tasks(tx, person, Filter(**{"view": EVERYBODY, **wanted}), Asked(200)).rows)
