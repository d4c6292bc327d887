"""What a comment is about: a subject's kind and number, the same beside each task that concerns it; else the task itself."""

from uuid import UUID

from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.runtime.read import worklist
from engine.runtime.read.case_comments import OF_TASK
from engine.runtime.state.people import Person
from handlers.cases import Case, is_known, subject_of


def about_case(tx: Session, kind: str, number: str) -> str:
    """The subject of that kind and number. Raises NotFound."""
    if not is_known(tx, kind, number):
        raise NotFound(f"There is no {kind} {number}.", code="case_unknown", next_step="Check the number in the list.")
    return about(kind, number)


def about_task(tx: Session, person: Person, task_id: UUID) -> str:
    """What a task is about. Raises NotFound when there is none that the person may see."""
    task = worklist.get_task(tx, person, task_id)
    subject = subject_of(tx, task.form_data, task.business_key, task.variables)
    return about(*subject) if subject else f"{OF_TASK}{task.id}"


def about_shown(case: Case | None, task_id: UUID) -> str:
    """What a task is about whose case was read; None where it has none."""
    return about(case.kind, case.number) if case else f"{OF_TASK}{task_id}"


def about(kind: str, number: str) -> str:
    """A subject as comments and the audit log name it."""
    return f"{kind}:{number}"
