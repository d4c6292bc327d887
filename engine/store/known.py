"""Names that a filter may carry and that must be known: what nobody has would read as if there were nothing of it."""

from typing import Any, Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from engine.problems import refuse_unknown

#: So many are named to whoever mistypes one.
_NAMED: Final = 20


def refuse_unknown_in(tx: Session, column: ColumnElement[Any] | InstrumentedAttribute[Any], given: str, what: str, field: str) -> None:
    """A filter that is not empty must be the value of some row of a table. Raises Invalid, which names a few that are."""
    if given and tx.execute(select(column).where(column == given).limit(1)).first() is None:
        refuse_unknown(given, tx.scalars(select(column).distinct().order_by(column).limit(_NAMED)).all(), what, field)
