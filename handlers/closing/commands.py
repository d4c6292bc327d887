"""What accounting does by hand: begin to close a month, and close days in which nothing happened."""

from datetime import date

from sqlalchemy.orm import Session

from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs.start import StartOptions, start
from handlers.changes import Author, note
from handlers.closing import closes
from handlers.closing.rules import Month

PROCESS = "period-close"


def begin_close(runtime: Runtime, tx: Session, period: str, by: Author) -> str:
    """Begin to close a month and answer its name. Raises Invalid for no month or one that goes on, Conflict when it is closed or begun."""
    month = closes.may_begin(tx, period)
    go_on(runtime, tx, month.name, by.name)
    note(tx, by, "begin_close", f"period:{month.name}", {})
    return month.name


def close_empty(tx: Session, starts_on: date, ends_on: date, by: Author) -> None:
    """Close days in which nothing was posted and nothing is open, such as those before the books began.

    Raises Invalid for days that are turned round or go on, Conflict with what keeps them open: then their months are closed one by one.
    """
    closes.close_empty(tx, Month(starts_on, ends_on), by.name)
    note(tx, by, "close", f"period:{starts_on}/{ends_on}", {})


def go_on(runtime: Runtime, tx: Session, period: str, by: str) -> None:
    """Have the process look after a month. Raises Conflict when it does already."""
    start(runtime, tx, PROCESS, {"period": period, "asked_by": by}, StartOptions(business_key=period, actor=by))
