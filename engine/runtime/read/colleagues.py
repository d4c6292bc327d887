"""Who else could have a task: to be handed it, or asked about it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from engine.runtime.state.directory import Directory
from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.store.paging import AnyRow


def who_could(runtime: Runtime, tx: Session, task: AnyRow) -> list[str]:
    """Whom a task can be handed to: its candidates without those who may not decide it and who holds it. Empty where nobody is known."""
    directory: Any = runtime.ports.get(Directory)
    people = directory.people(tx, task.candidate_groups, task.candidate_users) if directory else ()
    return [name for name in people if name not in {*task.excluded_users, task.assignee}]


def who_works(runtime: Runtime, tx: Session) -> Sequence[str]:
    """Everybody who works here; nobody where that is not known."""
    directory: Any = runtime.ports.get(Directory)
    people: Sequence[str] = directory.people(tx, (), ()) if directory else ()
    return people


def whom_to_ask(runtime: Runtime, tx: Session, task: AnyRow, person: Person) -> list[str]:
    """Colleagues who can be asked about a task: everybody but those who may not decide it, and who asks. Empty where nobody is known."""
    return [name for name in who_works(runtime, tx) if name not in {*task.excluded_users, task.assignee, person.name}]
