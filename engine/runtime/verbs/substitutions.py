"""Out of office: who stands in for whom, from when to when, and for the tasks of which processes.

A deputy sees and does what the other could, by the duties of both: neither may be excluded from a task. It is not handed further.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from engine.problems import Conflict, Forbidden, Invalid, NotFound
from engine.runtime.state import audit
from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs.user_tasks import refuse_nobody
from engine.store.clock import business_now
from engine.store.tables import substitution

#: A longer one is most likely a slip; who leaves for good hands their tasks on.
LONGEST: Final = timedelta(days=366)
_LONGEST_NOTE = 500


@dataclass(frozen=True, slots=True)
class Absence:
    """Who is away from when to when, and who stands in: for all tasks, or for those of some processes."""

    person: str
    deputy: str
    begins_at: datetime
    ends_at: datetime
    process_keys: Sequence[str] = ()
    note: str = ""


def set_up(runtime: Runtime, tx: Session, absence: Absence, actor: Person) -> int:
    """Let a deputy stand in; answers its number. Everybody does so for themselves, an overseer for others too.

    Raises Forbidden for another's, Invalid for a period or deputy that makes no sense, Conflict where the deputy is away themselves.
    """
    if absence.person != actor.name and not actor.oversees:
        raise Forbidden(f"Only {absence.person} or an operator sets that up.", next_step="Ask them, or an operator.")
    refuse_nobody(runtime, tx, absence.person)
    refuse_nobody(runtime, tx, absence.deputy)
    _refuse_nonsense(tx, absence)
    values = {name: getattr(absence, name) for name in Absence.__dataclass_fields__} | {"process_keys": list(absence.process_keys)}
    number: int = tx.execute(insert(substitution).values(**values, set_by=actor.name).returning(substitution.c.id)).scalar_one()
    told = {"deputy": absence.deputy, "from": absence.begins_at.isoformat(), "to": absence.ends_at.isoformat()}
    scope = {"processes": list(absence.process_keys)} if absence.process_keys else {}
    audit.record(tx, audit.Entry(actor.name, "substitute", f"person:{absence.person}", absence.note or None, {**told, **scope}))
    return number


def end(tx: Session, number: int, actor: Person) -> None:
    """Let it end now; what the deputy has claimed stays with them. Raises NotFound, Forbidden for another's, Conflict when it is over."""
    row = tx.execute(select(substitution).where(substitution.c.id == number)).one_or_none()
    if row is None or (actor.name not in {row.person, row.deputy} and not actor.oversees):
        raise NotFound("There is no such substitution of yours.", code="substitution_unknown", next_step="Look at the list of them.")
    open_one = update(substitution).where(substitution.c.id == number, substitution.c.ends_at > func.business_now())
    over = {"ends_at": func.business_now(), "ended_by": actor.name}
    if tx.execute(open_one.values(**over).returning(substitution.c.id)).first() is None:
        raise Conflict("It is over already.", code="substitution_over", next_step="Nothing is left to do.")
    audit.record(tx, audit.Entry(actor.name, "end_substitution", f"person:{row.person}", detail={"deputy": row.deputy}))


def _refuse_nonsense(tx: Session, absence: Absence) -> None:
    errors: dict[str, list[str]] = {}
    if absence.deputy == absence.person:
        errors["deputy"] = ["is who is away"]
    if absence.ends_at <= absence.begins_at:
        errors["ends_at"] = ["is not after the beginning"]
    elif absence.ends_at <= business_now(tx):
        errors["ends_at"] = ["is over already"]
    elif absence.ends_at - absence.begins_at > LONGEST:
        errors["ends_at"] = [f"is more than {LONGEST.days} days after the beginning"]
    if len(absence.note) > _LONGEST_NOTE:
        errors["note"] = [f"must have at most {_LONGEST_NOTE} characters"]
    if errors:
        raise Invalid("That substitution makes no sense.", code="substitution", next_step="Correct the fields named.", errors=errors)
    away = tx.scalar(
        select(substitution.c.id)
        .where(substitution.c.person == absence.deputy)
        .where(substitution.c.begins_at < absence.ends_at, substitution.c.ends_at > absence.begins_at)
        .limit(1)
    )
    if away is not None:
        raise Conflict(
            f"{absence.deputy} is away then.",
            code="deputy_away",
            next_step="Choose somebody who is there, or another period.",
            errors={"deputy": ["is away then"]},
        )
