"""When a message is tried again, when no more, and what an answer means. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from engine.lexical import read_count

#: How long after each failed attempt the next one comes, as Standard Webhooks proposes; after the last the message waits for a person.
PAUSES: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
#: An endpoint may ask us to wait, but no longer than this.
LONGEST_WISH: Final = timedelta(hours=6)
_GONE: Final = 410
_OK, _BEYOND_OK, _BEYOND_MOVED = 200, 300, 400


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer means: it came through, it is tried again after `pause`, or it is given up; `gone` wants nothing any more, ever."""

    delivered: bool = False
    pause: timedelta | None = None
    gone: bool = False
    why: str = ""


def judge(status: int | None, attempts: int, retry_after: str = "") -> Verdict:
    """What follows from the answer to the `attempts`-th attempt; a status of None is no answer."""
    if status is not None and _OK <= status < _BEYOND_OK:
        return Verdict(delivered=True)
    if status == _GONE:
        return Verdict(gone=True, why="It answered 410: it wants to be told nothing any more.")
    why = ""
    if status is not None and _BEYOND_OK <= status < _BEYOND_MOVED:
        why = f"It answered {status}: redirects are not followed. Change the address."
    if attempts > len(PAUSES):
        return Verdict(why=why)
    return Verdict(pause=max(PAUSES[attempts - 1], _wish(retry_after)), why=why)


def _wish(retry_after: str) -> timedelta:
    """How long an endpoint asks us to wait, where it says it in seconds."""
    seconds = read_count(retry_after.strip()) or 0
    return timedelta(seconds=min(seconds, LONGEST_WISH.total_seconds()))
