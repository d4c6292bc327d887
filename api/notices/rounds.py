"""What the clock does for people outside of the pages, each in a transaction of its own."""

from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy.orm import Session

from api.notices.alerts import alert
from api.notices.reminders import digest, remind
from api.notices.telling import tell_of_acts
from engine.runtime.state.runtime import Runtime

#: Seconds between two rounds: a mail may come that late.
EVERY: Final = 10.0
_ROUNDS: Sequence[Callable[[Runtime, Session], int]] = (tell_of_acts, remind, digest, alert)


def tell(runtime: Runtime) -> int:
    """One round of all; answers how many notices were written."""
    told = 0
    for each in _ROUNDS:
        with runtime.database.transaction() as tx:
            told += each(runtime, tx)
    return told
