"""What takes a second person here: opening a closed period again."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.runtime.state.guarded_acts import GuardedAct, Wanting, Weighed
from engine.runtime.state.runtime import Runtime
from handlers.changes import Author, note
from handlers.closing import closes
from handlers.closing.commands import go_on
from handlers.ledger.model import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopening:
    """A closed period, by its first day."""

    starts_on: date


def _weigh_reopening(_runtime: Runtime, tx: Session, given: Reopening, _by: Wanting) -> Weighed:
    closed = tx.get(Period, given.starts_on)
    seen = {"ends_on": closed.ends_on, "closed_by": closed.closed_by} if closed is not None else {}
    ends = f" to {closed.ends_on}" if closed is not None else ""
    return Weighed(
        f"period:{given.starts_on}", f"Open {given.starts_on}{ends} for posting again", {}, seen, "What was closed was reported to others."
    )


def _reopen(runtime: Runtime, tx: Session, given: Reopening, by: Wanting) -> str:
    closed = tx.get(Period, given.starts_on, populate_existing=True)
    if closed is None:
        raise NotFound(
            f"No closed period begins on {given.starts_on}.",
            code="period_unknown",
            next_step="Look at GET /api/v1/periods for the closed ones.",
        )
    told = {"ends_on": closed.ends_on.isoformat(), "closed_by": closed.closed_by}
    name = f"{closed.starts_on}/{closed.ends_on}"
    month = closes.reopen(tx, closed, by.name)
    note(tx, Author(by.name, by.reason), "reopen", f"period:{given.starts_on}", told)
    if month is not None:
        go_on(runtime, tx, month, by.name)
    return name


ACTS = (GuardedAct("period.reopen", "Closed period", Reopening, ("finance", "treasury"), _weigh_reopening, _reopen),)
