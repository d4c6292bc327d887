"""Another person, per case and decision: whoever began, worked on or decided on something does not decide on it again.

The subject is the diagram's word (`decidesOn`, `worksOn`), the same in every instance and process that is about the same thing.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Forbidden
from engine.runtime.state import audit
from engine.runtime.state.authority import refuse_beyond
from engine.runtime.state.directory import Directory
from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs.visible_tasks import UserTask, behalf_of, may_take


def four_eyes(task: UserTask, name: str) -> Forbidden:
    """The refusal of somebody who may not decide it."""
    return Forbidden(
        f"{name} may not decide {task.title!r}: a second person must.",
        code="four_eyes",
        next_step="Let another candidate of the task decide it.",
    )


def take_part(tx: Session, task: UserTask, person: Person, behalf: str | None = None) -> None:
    """Note who has a hand in what a task decides or works on; for whom a deputy stands in has one too.

    Raises Forbidden where somebody decides who had a hand in it before: of two decisions of one person at the same moment in different
    instances, the second waits here for the first.
    """
    hands = dict.fromkeys(filter(None, [person.name, behalf]))
    for name in hands:
        given = {"person": name, "task": task.id}
        decided = {"subject": task.decides_on, "round": task.decision_round}
        if task.decides_on and (name in task.excluded_users or tx.execute(_TAKE, {**given, **decided}).first() is None):
            raise four_eyes(task, name)
        if task.works_on:
            tx.execute(_TAKE, {**given, "subject": task.works_on, "round": ""})


def override(tx: Session, task: UserTask, person: Person, reason: str) -> None:
    """Let an operator decide in place of a task's candidates: with a reason and a row in the audit log.

    Nothing for a candidate. Raises Forbidden for an operator who does not say why.
    """
    if may_take(task, person) or behalf_of(task, person):
        return
    if not reason.strip():
        raise Forbidden(
            f"{task.title!r} is not offered to {person.name}: an operator decides it as an override, with a reason.",
            code="override_reason",
            next_step="Say why you decide it in place of its candidates, or let one of them do it.",
        )
    detail = {"title": task.title, "business_key": task.business_key, "candidates": [*task.candidate_groups, *task.candidate_users]}
    audit.record(tx, audit.Entry(person.name, "override", f"user_task:{task.id}", reason.strip(), detail))


def refuse_own(runtime: Runtime, tx: Session, instance_id: UUID, actor: str) -> None:
    """Nothing, where somebody may lead an instance by hand. Raises Forbidden where it waits for a decision that they may not take."""
    directory: Any = runtime.ports.get(Directory)
    for limited in tx.execute(_LIMITED, {"id": instance_id}).all():
        refuse_beyond(tx, limited, actor, directory.groups_of(tx, actor) if directory else ())
    title = tx.scalar(_OWN, {"id": instance_id, "actor": actor})
    if title is not None:
        raise Forbidden(
            f"{actor} may not decide {title!r}, and so not lead the instance past it: a second person must.",
            code="four_eyes",
            next_step="Let another operator do it.",
        )


_TAKE = text("""
INSERT INTO duty_hand (subject, person, round, user_task_id) VALUES (:subject, :person, :round, :task)
ON CONFLICT DO NOTHING RETURNING subject
""")
_LIMITED = text("""
SELECT title, decision_kind, decision_amount, decision_currency FROM user_task
WHERE instance_id = :id AND state = 'open' AND decision_kind <> ''
""")
_OWN = text("""
SELECT title FROM user_task AS task WHERE instance_id = :id AND state = 'open' AND (excluded_users @> ARRAY[CAST(:actor AS text)] OR (
  EXISTS (SELECT FROM duty_hand WHERE subject = task.decides_on AND person = :actor AND round IN ('', task.decision_round))))
LIMIT 1
""")
