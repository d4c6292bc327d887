"""The service tasks of what banks announce, as the diagrams name them."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine.service_tasks import ServiceTasks
from handlers.receivables import notices

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class OfNotice:
    """What a bank announced, by its number."""

    notice_no: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """A notice that no statement will book, and why."""

    notice_no: str
    reason: str


@dataclass(frozen=True, slots=True)
class Awaited:
    """How many of the announced entries no statement has booked, and the first of them in words."""

    entries: int
    text: str


@tasks.register("receivables.read_notice")
def read_notice(given: OfNotice, tx: Session) -> Awaited:
    """Look which of the announced entries no statement has booked yet."""
    found = notices.read_notice(tx, given.notice_no)
    return Awaited(found.entries, found.text)


@tasks.register("receivables.give_up_notice")
def give_up_notice(given: GiveUp, tx: Session) -> None:
    """Keep why no statement will book the rest of what was announced."""
    notices.give_up_notice(tx, given.notice_no, given.reason)
