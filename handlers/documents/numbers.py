"""Human numbers such as SO-000001.

A legal series (invoices and whatever is not named below) is gap-free: its row stays locked until the transaction that took a number
ends, so that a number that was not used is given again. The series of orders and shipments may have gaps: they come from sequences,
so that no order waits for another.
"""

from sqlalchemy import literal_column, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.store import locks
from engine.store.locks import Lock
from handlers.documents.model import WITH_GAPS, NumberSeries, sequence_of


def next_number(tx: Session, series: str) -> str:
    """The next number of a series."""
    return next_numbers(tx, series, 1)[0]


def next_numbers(tx: Session, series: str, count: int) -> list[str]:
    """The next `count` numbers of a series, in one statement."""
    if not count:
        return []
    numbers = _from_sequence(tx, series, count) if series in WITH_GAPS else _from_row(tx, series, count)
    return [f"{series}-{number:06d}" for number in numbers]


def _from_sequence(tx: Session, series: str, count: int) -> list[int]:
    drawn = text(f"SELECT nextval('{sequence_of(series)}') FROM generate_series(1, :count)")
    return sorted(tx.scalars(drawn, {"count": count}))


def _from_row(tx: Session, series: str, count: int) -> range:
    locks.takes_itself(tx, Lock.NUMBER_SERIES, series)
    given = insert(NumberSeries).values(series=series, last_value=count)
    last: int = tx.execute(
        given.on_conflict_do_update(
            index_elements=[NumberSeries.series],
            set_={"last_value": NumberSeries.last_value + literal_column("excluded.last_value")},
        ).returning(NumberSeries.last_value)
    ).scalar_one()
    return range(last - count + 1, last + 1)
