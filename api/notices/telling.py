"""Which mails follow from what people did: the audit log is read on from where it was read last, so nothing is told twice or forgotten.

Rows of the log become visible in the order of their numbers: it has one writer at a time.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from api.notices.mails import Letter, to_person
from api.notices.readers import Reader, readers_named
from engine.runtime.state import effects
from engine.runtime.state.directory import Directory
from engine.runtime.state.effects import Effect
from engine.runtime.state.runtime import Runtime
from engine.store.locks import Advisory, advisory
from ui.languages import N_, say

#: Rows of the log read in one round.
_MOST: Final = 500
#: A group of more is told by the pages alone.
_MOST_OF_A_GROUP: Final = 50


def tell_of_acts(runtime: Runtime, tx: Session) -> int:
    """Write the mails about tasks that came to somebody and comments that call them; answers how many."""
    advisory(tx, Advisory.NOTICES)
    after = tx.scalar(_READ_TO)
    newest = tx.scalar(_NEWEST)
    if after is None:  # the first time: what was before is not told
        tx.execute(_BEGIN, {"id": newest})
        return 0
    acts = tx.execute(_ACTS, {"after": after, "newest": newest, "most": _MOST}).all()
    read_to = acts[-1].id if len(acts) == _MOST else newest
    if read_to != after:
        tx.execute(_READ, {"id": read_to})
    return _write(runtime, tx, acts)


def _write(runtime: Runtime, tx: Session, acts: Sequence[Any]) -> int:
    called = {act.id: [name for name in dict.fromkeys(_called(runtime, tx, act)) if name != act.actor] for act in acts}
    readers = readers_named(tx, {name for names in called.values() for name in names}) if acts else {}
    ids = [UUID(act.target.removeprefix("user_task:")) for act in acts if act.target.startswith("user_task:")]
    tasks = {row.id: row for row in tx.execute(_TASKS, {"ids": ids})} if ids else {}
    found = [
        effect
        for act in acts
        for name in called[act.id]
        if name in readers and readers[name].at_once and (effect := _mail(act, readers[name], tasks)) is not None
    ]
    effects.record(tx, *found)
    return len(found)


def _called(runtime: Runtime, tx: Session, act: Any) -> Iterator[str]:
    """Whom an act concerns beside who did it."""
    if act.action == "comment":
        yield from act.detail.get("mentions", ())
    elif act.action == "escalate":
        groups = act.detail.get("to", [])
        directory: Any = runtime.ports.get(Directory)
        people = directory.people(tx, groups, ()) if directory and groups else ()
        yield from people if len(people) <= _MOST_OF_A_GROUP else ()
        yield from filter(None, [act.detail.get("with")])
    elif act.detail.get("to"):
        yield act.detail["to"]


def _mail(act: Any, reader: Reader, tasks: Mapping[UUID, Any]) -> Effect | None:
    key, tongue = f"notice:{act.id}:{reader.name}", reader.language
    if act.action == "comment":
        subject = say("%(person)s mentions you", in_language=tongue, person=act.actor)
        body = say("%(person)s wrote a comment that calls you, on %(about)s.", in_language=tongue, person=act.actor, about=act.target)
        return to_person(key, reader, Letter(subject, body, "/worklist/mentions"))
    task = tasks.get(UUID(act.target.removeprefix("user_task:")))
    if task is None or task.state != "open":  # done meanwhile
        return None
    said = _SAYS[act.action]
    values = {"person": act.actor, "title": task.title, "question": act.detail.get("question") or act.detail.get("answer") or ""}
    body = say(said, in_language=tongue, **values)
    if task.business_key:
        body += "\n" + say("It is about %(number)s.", in_language=tongue, number=task.business_key)
    return to_person(key, reader, Letter(task.title, body, task=task))


_SAYS: Final[Mapping[str, str]] = {
    "assign": N_("%(person)s has handed you the task “%(title)s”."),
    "delegate": N_("%(person)s asks you about the task “%(title)s”: %(question)s"),
    "answer": N_("%(person)s has answered your question about “%(title)s”: %(question)s"),
    "escalate": N_("The task “%(title)s” was not decided in time and is offered to you as well."),
}
_READ_TO = text("SELECT audit_id FROM notice_log_read")
_NEWEST = text("SELECT coalesce(max(id), 0) FROM audit")
_BEGIN = text("INSERT INTO notice_log_read (audit_id) VALUES (:id)")
_READ = text("UPDATE notice_log_read SET audit_id = :id")
_ACTS = text("""
SELECT id, actor, action, target, detail FROM audit
WHERE id > :after AND id <= :newest AND (action = 'comment' AND detail ? 'mentions'
  OR action IN ('assign', 'delegate', 'answer', 'escalate') AND target LIKE 'user\\_task:%')
ORDER BY id LIMIT :most
""")
_TASKS = text("""
SELECT task.id, task.title, task.state, task.instance_id, task.element_id, instance.business_key
FROM user_task AS task JOIN instance ON instance.id = task.instance_id WHERE task.id = ANY(:ids)
""")
