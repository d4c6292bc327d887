"""Human numbers such as SO-000001: gap-free, because the series' row stays locked until the transaction that took one ends."""

from sqlalchemy import literal_column
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from handlers.documents.model import NumberSeries


def next_number(tx: Session, series: str) -> str:
    """The next number of a series."""
    return next_numbers(tx, series, 1)[0]


def next_numbers(tx: Session, series: str, count: int) -> list[str]:
    """The next `count` numbers of a series, in one statement."""
    if not count:
        return []
    given = insert(NumberSeries).values(series=series, last_value=count)
    last = tx.scalar(
        given.on_conflict_do_update(
            index_elements=[NumberSeries.series],
            set_={"last_value": NumberSeries.last_value + literal_column("excluded.last_value")},
        ).returning(NumberSeries.last_value)
    )
    if last is None:
        raise LookupError(f"The series {series} gave no number.")
    return [f"{series}-{number:06d}" for number in range(last - count + 1, last + 1)]
