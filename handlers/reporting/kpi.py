"""What a key figure is: a query of the things it counts, one row each, and how their figures are put together by bucket.

The rows behind a figure are the same query with one bucket asked for: what is shown and what is counted cannot differ.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.store.clock import business_today
from engine.store.patience import REPORT
from handlers.reporting.report import Column, Report

#: How the points of a chart are put together: the share of `part` in `whole` in percent, `part` added up as money or as a count,
#: the mean of `part` over `whole` in days, or the middle and the slowest tenth of `part` in days.
SHARE, MONEY, COUNT, MEAN_DAYS, MIDDLE_DAYS = "share", "money", "count", "mean_days", "middle_days"


@dataclass(frozen=True, slots=True)
class Kpi:
    """One key figure: `says` is its definition and its trap, `groups` whose first page shows it.

    `sql` answers one row for each thing it counts: place and bucket (the point of the chart), number, party_no (text), due_on, done_on
    (day), part and whole. Its one parameter is `as_of`.
    """

    key: str
    title: str
    says: str
    measure: str
    groups: tuple[str, ...]
    sql: str
    link: str = ""
    #: Whether the points follow one another in time, or are kinds beside one another.
    in_time: bool = True

    @property
    def report(self) -> Report:
        """The rows behind it, as a report; of one point, or of all."""
        return Report(
            key=f"kpi-{self.key}",
            title=self.title,
            says=self.says,
            sql=f"""
            SELECT place, bucket, number, coalesce(party_no, '') AS party_no, due_on, done_on, part, whole FROM ({self.sql}) AS thing
            WHERE :bucket IN ('', bucket)
            """,
            columns=(
                Column("place", "", "count"),
                Column("bucket", "Point"),
                Column("number", "Number", link=self.link),
                Column("party_no", "Party"),
                Column("due_on", "Due", "day"),
                Column("done_on", "Done", "day"),
                Column("part", "Counts", "number"),
                Column("whole", "Of", "number"),
            ),
            order=("place", "bucket", "number"),
            takes=("bucket",),
            section="Key figures",
        )


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a chart."""

    bucket: str
    part: Decimal
    whole: Decimal
    middle: Decimal | None
    high: Decimal | None

    def value(self, measure: str) -> Decimal:
        """What the point shows, by the measure of its figure."""
        if measure == MIDDLE_DAYS:
            return self.middle or Decimal(0)
        if measure in {SHARE, MEAN_DAYS}:
            return self.part * (100 if measure == SHARE else 1) / self.whole if self.whole else Decimal(0)
        return self.part


@dataclass(frozen=True, slots=True)
class Figure:
    """A key figure with its points, and when they were worked out (None: just now)."""

    kpi: Kpi
    as_of: date
    points: list[Point]
    worked_out_at: datetime | None

    @property
    def total(self) -> Point:
        """All points as one; of a middle, that of the latest point."""
        last = self.points[-1] if self.points else Point("", Decimal(0), Decimal(0), None, None)
        parts, wholes = (sum((getattr(each, name) for each in self.points), Decimal(0)) for name in ("part", "whole"))
        return Point("", parts, wholes, last.middle, last.high)


def figures(tx: Session, kpis: Sequence[Kpi]) -> list[Figure]:
    """Key figures as they were last kept: of today, or of yesterday until housekeeping has come by; nobody waits for it after midnight.

    Those that were not kept since are worked out at once. One statement, and one for each that is worked out.
    """
    today = business_today(tx)
    kept: dict[str, Figure] = {}
    by_key = {each.key: each for each in kpis}
    for row in tx.execute(_KEPT, {"keys": list(by_key), "as_of": today}):
        figure = kept.setdefault(row.kpi, Figure(by_key[row.kpi], row.as_of, [], row.worked_out_at))
        if row.bucket:
            figure.points.append(Point(row.bucket, row.part, row.whole, row.middle, row.high))
    return [kept[each.key] if each.key in kept else Figure(each, today, work_out(tx, each, today), None) for each in kpis]


def work_out(tx: Session, kpi: Kpi, as_of: date) -> list[Point]:
    """The points of a key figure as of a day, read from the business. One statement."""
    rows = tx.execute(
        text(f"SELECT bucket, part, whole, middle, high FROM ({_points(kpi)}) AS point ORDER BY place, bucket"), {"as_of": as_of}
    )
    return [Point(*row) for row in rows]


def keep_today(kpis: Sequence[Kpi]) -> Callable[[Session], None]:
    """A round of housekeeping that works out today's figures when they are older than an hour."""

    def keep(tx: Session) -> None:
        REPORT.asked_of(tx)
        today = business_today(tx)
        known = {row.kpi for row in tx.execute(_FRESH, {"as_of": today})}
        for kpi in kpis:
            if kpi.key not in known:
                tx.execute(_FORGET, {"kpi": kpi.key, "as_of": today})
                tx.execute(text(_KEEP.format(points=_points(kpi))), {"kpi": kpi.key, "as_of": today})

    return keep


def _points(kpi: Kpi) -> str:
    return f"""
    SELECT min(place)::int AS place, bucket, coalesce(sum(part), 0) AS part, coalesce(sum(whole), 0) AS whole,
      percentile_cont(0.5) WITHIN GROUP (ORDER BY part::double precision)::numeric AS middle,
      percentile_cont(0.9) WITHIN GROUP (ORDER BY part::double precision)::numeric AS high
    FROM ({kpi.sql}) AS thing GROUP BY bucket
    """


_KEPT = text("""
SELECT kpi, as_of, bucket, part, whole, middle, high, worked_out_at
FROM (
  SELECT *, max(as_of) OVER (PARTITION BY kpi) AS latest FROM key_figure
  WHERE kpi = ANY(:keys) AND as_of BETWEEN CAST(:as_of AS date) - 1 AND :as_of
) AS lately
WHERE as_of = latest ORDER BY kpi, place, bucket
""")
_FRESH = text("SELECT DISTINCT kpi FROM key_figure WHERE as_of = :as_of AND worked_out_at > now() - interval '1 hour'")
_FORGET = text("DELETE FROM key_figure WHERE kpi = :kpi AND (as_of = :as_of OR as_of < CAST(:as_of AS date) - 7)")
#: A figure without a point is kept as a row without a bucket: it was worked out, and there was nothing to count.
_KEEP = """
INSERT INTO key_figure (kpi, as_of, bucket, place, part, whole, middle, high)
SELECT :kpi, :as_of, bucket, place, part, whole, middle, high FROM ({points}) AS point
UNION ALL SELECT :kpi, :as_of, '', 0, 0, 0, NULL, NULL
ON CONFLICT DO NOTHING
"""
