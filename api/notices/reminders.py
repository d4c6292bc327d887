"""Reminders of tasks that are soon due or late, to whom has them, and one digest a working day for who wants it."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api.auth.accounts import groups_of
from api.auth.model import UserAccount
from api.notices.mails import Letter, to_person
from api.notices.model import DigestSent, PersonChoice
from api.notices.readers import READERS, Reader, readers_named
from engine.runtime.read import worklist
from engine.runtime.state import effects
from engine.runtime.state.effects import Effect
from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.spiff.calls import STANDARD
from engine.store.clock import business_now, business_today
from engine.store.locks import Advisory, advisory
from engine.store.paging import Asked
from ui.languages import N_, say, say_many

_MOST: Final = 200
_SHOWN: Final = 10


def remind(runtime: Runtime, tx: Session) -> int:
    """Remind of what is due within the hours that its holder wants, and once more when it is late; answers how many mails."""
    advisory(tx, Advisory.NOTICES)
    due = tx.execute(_DUE, {"most": _MOST}).all()
    readers = readers_named(tx, {row.assignee for row in due}) if due else {}
    found = [_reminder(runtime, row, readers[row.assignee]) for row in due if row.assignee in readers]
    effects.record(tx, *found)
    return len(found)


def _reminder(runtime: Runtime, row: Any, reader: Reader) -> Effect:
    at = row.due_at.astimezone(runtime.time_zone)
    subject, said = _LATE if row.late else _SOON
    body = say(said, in_language=reader.language, title=row.title, day=at.strftime("%d.%m.%Y"), time=at.strftime("%H:%M"))
    return to_person(row.key, reader, Letter(say(subject, in_language=reader.language, title=row.title), body, task=row))


def digest(runtime: Runtime, tx: Session) -> int:
    """Write today's digest of who wants one, from their hour on and on working days; answers how many mails."""
    advisory(tx, Advisory.NOTICES)
    now, today = business_now(tx), business_today(tx)
    calendar = runtime.calendars.named(tx, STANDARD)
    if calendar is not None and not calendar.is_working_day(today):
        return 0
    sent = select(DigestSent.account_id).where(DigestSent.account_id == UserAccount.id, DigestSent.day == today)
    wanting = READERS.where(PersonChoice.digest, PersonChoice.digest_hour <= now.astimezone(runtime.time_zone).hour, ~sent.exists())
    mails = 0
    for row in tx.execute(wanting.order_by(UserAccount.id).limit(_MOST)).all():
        reader = Reader(*row)
        effect = _digest(tx, reader, now, f"digest:{reader.name}:{today}")
        if effect is not None:
            effects.record(tx, effect)
            mails += 1
        noted = insert(DigestSent).values(account_id=reader.account_id, day=today)
        tx.execute(noted.on_conflict_do_update(index_elements=["account_id"], set_={"day": today}))
    return mails


def _digest(tx: Session, reader: Reader, now: datetime, key: str) -> Effect | None:
    """What waits for a person; None where nothing does."""
    person = Person(reader.name, frozenset(groups_of(tx, reader.account_id)))
    counts = worklist.count_tasks(tx, person)
    if not counts.mine and not counts.claimable:
        return None
    mine = worklist.list_tasks(tx, person, worklist.Filter(view="mine"), Asked(_SHOWN)).rows
    tongue = reader.language
    lines = [
        say_many("%(num)s task is on your desk.", "%(num)s tasks are on your desk.", counts.mine, in_language=tongue),
        say_many("%(num)s is late.", "%(num)s are late.", counts.overdue, in_language=tongue),
        say_many("%(num)s can be claimed.", "%(num)s can be claimed.", counts.claimable, in_language=tongue),
        "",
    ]
    late = say("late", in_language=tongue)
    lines += ["- " + _line(row, late if row.due_at and row.due_at < now else "") for row in mine]
    return to_person(key, reader, Letter(say("Your tasks today", in_language=tongue), "\n".join(lines).strip()))


def _line(row: worklist.TaskRow, late: str) -> str:
    about = f" ({row.business_key})" if row.business_key else ""
    return row.title + about + (f": {late}" if late else "")


_SOON: Final = N_("Due soon: %(title)s"), N_("“%(title)s” is due on %(day)s at %(time)s.")
_LATE: Final = N_("Late: %(title)s"), N_("“%(title)s” was due on %(day)s at %(time)s and is not decided.")
# What is late for more than a day stands in the digest. The key holds the due time: who plans it anew is reminded anew.
_DUE = text("""
SELECT task.*, instance.business_key FROM (
  SELECT id, title, instance_id, element_id, assignee, due_at, due_at < business_now() AS late,
    'reminder-' || id || '-' || extract(epoch FROM due_at)::bigint || CASE WHEN due_at < business_now() THEN '-late' ELSE '-soon' END AS key
  FROM user_task
  WHERE state = 'open' AND assignee IS NOT NULL
    AND due_at BETWEEN business_now() - interval '1 day' AND business_now() + interval '72 hours'
) AS task
JOIN instance ON instance.id = task.instance_id
JOIN user_account AS account ON account.name = task.assignee AND account.active
LEFT JOIN person_choice AS choice ON choice.account_id = account.id
WHERE coalesce(choice.reminds, true) AND (account.mail <> '' OR choice.chat_url <> '')
  AND task.due_at <= business_now() + make_interval(hours => coalesce(choice.remind_hours, 2))
  AND NOT EXISTS (SELECT FROM effect WHERE effect.key = task.key)
ORDER BY task.due_at LIMIT :most
""")
