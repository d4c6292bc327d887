"""The steps of the process that deals with messages nobody waits for."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine.runtime.post import unheard
from engine.service_tasks import ServiceTasks

tasks = ServiceTasks()


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """Which message, by its number."""

    message_no: int


@dataclass(frozen=True, slots=True)
class KeepLonger:
    """Which message, and for how many days from now."""

    message_no: int
    days: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a message still waits for a receiver or for somebody to deal with it."""

    waits: bool


@tasks.register("messages.look")
def look(given: KeptMessage, tx: Session) -> Standing:
    """Find out whether a message has found a receiver while somebody was to be told of it."""
    return Standing(unheard.waits(tx, given.message_no))


@tasks.register("messages.keep_longer")
def keep_longer(given: KeepLonger, tx: Session) -> None:
    """Let a message wait on for its receiver; its owner is told again when that time is over."""
    unheard.keep_longer(tx, given.message_no, given.days)


@tasks.register("messages.discard")
def discard(given: KeptMessage, tx: Session) -> None:
    """Close a message: what it said was dealt with by hand, or was wrong."""
    unheard.discard(tx, given.message_no)
