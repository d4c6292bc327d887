"""Sets how urgent the work of a process is and how long its ended instances are kept; forgets those that are older."""

from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.problems import Invalid
from engine.runtime.state import audit
from engine.runtime.state.guarded_acts import GuardedAct, Wanting, Weighed
from engine.runtime.state.runtime import Runtime
from engine.store.known import refuse_unknown_in
from engine.store.locks import Lock, take
from engine.store.tables import process_setting, process_version
from engine.store.tables.process_settings import USUAL_PRIORITY

SET: Final = "process.set"
MOST: Final = 100
#: What ended less long ago is never forgotten: somebody still asks about it.
LEAST_DAYS: Final = 30
MOST_DAYS: Final = 36_500
#: So many are forgotten in one transaction.
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSetting:
    """`work_priority` from 0 (last) to 100 (first), 50 where nothing is set; `keep_days` is None where ended instances stay for ever."""

    process_key: str
    work_priority: int = USUAL_PRIORITY
    keep_days: int | None = None


@runtime_checkable
class Ranking(Protocol):
    """A bell that delivers what is urgent first."""

    def look_again(self) -> None:
        """What is urgent has changed."""


def _weigh(_runtime: Runtime, tx: Session, given: ProcessSetting, _by: Wanting) -> Weighed:
    _check(tx, given)
    before = _before(tx, given.process_key)
    shorter = given.keep_days is not None and (before.keep_days is None or given.keep_days < before.keep_days)
    was = {"work_priority": before.work_priority, "keep_days": before.keep_days}
    effect = {name: {"from": value, "to": getattr(given, name)} for name, value in was.items() if value != getattr(given, name)}
    kept = f"keep its ended instances {given.keep_days} days" if given.keep_days else "keep its ended instances for ever"
    does = f"Work on {given.process_key} with priority {given.work_priority}, and {kept}"
    rule = "What is forgotten does not come back: who decided what in these instances is known no more." if shorter else ""
    return Weighed(_subject(given), does, effect, was, rule)


def _set(runtime: Runtime, tx: Session, given: ProcessSetting, by: Wanting) -> str:
    _check(tx, given)
    before = _before(tx, given.process_key)
    kept = {"work_priority": given.work_priority, "keep_days": given.keep_days, "set_by": by.name, "set_at": func.business_now()}
    values = {"process_key": given.process_key, **kept}
    tx.execute(insert(process_setting).values(values).on_conflict_do_update(index_elements=["process_key"], set_=kept))
    if given.work_priority != before.work_priority:
        _ring_anew(runtime, tx, given.process_key)
    was, now = ([each.work_priority, each.keep_days] for each in (before, given))
    audit.record(tx, audit.Entry(by.name, "set_process", _subject(given), by.reason or None, {"from": was, "to": now}))
    return _subject(given)


def _ring_anew(runtime: Runtime, tx: Session, process_key: str) -> None:
    """What waits for a worker already is rung for again, as urgent as it is now; the earlier bell finds nothing left to do."""
    if isinstance(runtime.dispatcher, Ranking):
        runtime.dispatcher.look_again()
        runtime.dispatcher.ring(tx, list(tx.execute(_READY, {"key": process_key}).scalars()))


def forget_ended(tx: Session) -> int:
    """Forget instances that have ended longer ago than their process keeps them, with their history; answers how many. Oldest first.

    One whose beginner or whose own children are still under way stays with them, and one of whom something is still to leave the house.
    """
    old = list(tx.execute(_OLD, {"most": _AT_ONCE}).scalars())
    free = take(tx, Lock.INSTANCE, old, skip_locked=True)
    if free:
        tx.execute(_FORGET, {"ids": list(free)})
    return len(free)


def _check(tx: Session, given: ProcessSetting) -> None:
    refuse_unknown_in(tx, process_version.c.process_key, given.process_key, "process", "process_key")
    errors: dict[str, list[str]] = {}
    if not 0 <= given.work_priority <= MOST:
        errors["work_priority"] = [f"must be from 0 to {MOST}"]
    if given.keep_days is not None and not LEAST_DAYS <= given.keep_days <= MOST_DAYS:
        errors["keep_days"] = [f"must be from {LEAST_DAYS} to {MOST_DAYS:,} days, or empty for ever"]
    if errors or not given.process_key:
        raise Invalid(
            "The process cannot be set like this.", code="process_setting_invalid", next_step="Correct the marked fields.", errors=errors
        )


def _before(tx: Session, process_key: str) -> ProcessSetting:
    row = tx.execute(
        select(process_setting.c.work_priority, process_setting.c.keep_days).where(process_setting.c.process_key == process_key)
    ).one_or_none()
    given: dict[str, Any] = dict(row._mapping) if row else {}  # noqa: SLF001  # SQLAlchemy's public name for it
    return ProcessSetting(process_key=process_key, **given)


def _subject(given: ProcessSetting) -> str:
    return f"process:{given.process_key}"


_READY = text("""
SELECT id FROM instance WHERE process_key = :key AND wake > done AND state NOT IN ('suspended', 'completed', 'cancelled') ORDER BY rung_at
LIMIT 10000
""")
_OLD = text("""
SELECT i.id FROM process_setting AS s JOIN instance AS i ON i.process_key = s.process_key
WHERE s.keep_days IS NOT NULL AND i.ended_at < business_now() - make_interval(days => s.keep_days)
  AND NOT EXISTS (SELECT FROM instance AS child WHERE child.started_by_instance_id = i.id AND child.ended_at IS NULL)
  AND NOT EXISTS (SELECT FROM instance AS above WHERE above.id = i.started_by_instance_id AND above.ended_at IS NULL)
  AND NOT EXISTS (SELECT FROM effect WHERE effect.instance_id = i.id AND effect.state IN ('pending', 'failed'))
ORDER BY i.ended_at LIMIT :most
""")
_FORGET = text("DELETE FROM instance WHERE id = ANY(:ids) AND ended_at IS NOT NULL")
ACTS = (GuardedAct(SET, "Settings of a process", ProcessSetting, ("operator",), _weigh, _set),)
