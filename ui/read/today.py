"""The figures of the first page. One statement each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from ui.read.paging import AnyRow

BUCKETS = ("Not due", "1-30 days", "31-60 days", "61-90 days", "Over 90 days")


@dataclass(frozen=True, slots=True)
class Ageing:
    """What customers owe, by how late it is, in the currency of the books."""

    currency: str
    buckets: tuple[Decimal, ...]

    @property
    def total(self) -> Decimal:
        """All of it."""
        return sum(self.buckets, Decimal(0))


def orders_by_day(tx: Session, days: int) -> list[tuple[date, int]]:
    """How many orders came in on each of the last days, days without any included."""
    rows = tx.execute(
        text("""
          SELECT CAST(day AS date), count(o.order_no)
          FROM generate_series(CURRENT_DATE - (:days - 1), CURRENT_DATE, '1 day') AS day
          LEFT JOIN sales_order o ON o.created_at >= day AND o.created_at < day + interval '1 day'
          GROUP BY day ORDER BY day
        """),
        {"days": days},
    ).all()
    return [(day, count) for day, count in rows]


def receivables_by_age(tx: Session) -> Ageing | None:
    """Open receivables by days past due, each at the rate of its document. None before the books are opened."""
    row = tx.execute(
        text("""
          SELECT (SELECT currency FROM ledger_book) AS currency,
                 coalesce(sum(worth) FILTER (WHERE late <= 0), 0), coalesce(sum(worth) FILTER (WHERE late BETWEEN 1 AND 30), 0),
                 coalesce(sum(worth) FILTER (WHERE late BETWEEN 31 AND 60), 0),
                 coalesce(sum(worth) FILTER (WHERE late BETWEEN 61 AND 90), 0), coalesce(sum(worth) FILTER (WHERE late > 90), 0)
          FROM (
            SELECT open_amount * fx_rate AS worth, CURRENT_DATE - due_date AS late
            FROM open_item WHERE kind = 'AR' AND open_amount > 0
          ) items
        """)
    ).one()
    return Ageing(row[0], tuple(row[1:])) if row[0] else None


def open_tasks_by_group(tx: Session) -> Sequence[AnyRow]:
    """Open tasks and overdue ones by candidate group, the longest queue first."""
    return tx.execute(
        text("""
          SELECT coalesce(grp, 'nobody') AS grp, count(*) AS open, count(*) FILTER (WHERE due_at < now()) AS late
          FROM user_task LEFT JOIN LATERAL unnest(candidate_groups) AS grp ON true
          WHERE state = 'open' GROUP BY grp ORDER BY count(*) DESC, grp LIMIT 12
        """)
    ).all()
