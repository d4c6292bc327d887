"""What is set for each process, and what its ended instances amount to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.store.tables.process_settings import USUAL_PRIORITY

#: Further than this ended instances are not counted.
_COUNTED: Final = 10_000


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """A process: `ended` instances are counted up to 10,000, the `oldest` ended then; `due` of them are older than they are kept."""

    process_key: str
    name: str
    work_priority: int
    keep_days: int | None
    set_by: str | None
    set_at: datetime | None
    ended: int
    oldest: datetime | None
    due: int


def list_process_settings(tx: Session) -> list[ProcessRow]:
    """Every deployed process, by name. One statement."""
    return [ProcessRow(*row) for row in tx.execute(_ROWS, {"most": _COUNTED, "usual": USUAL_PRIORITY})]


_ROWS = text("""
SELECT v.process_key, v.name, coalesce(s.work_priority, :usual), s.keep_days, s.set_by, s.set_at, ended.many, ended.oldest, due.many
FROM process_version AS v LEFT JOIN process_setting AS s ON s.process_key = v.process_key
CROSS JOIN LATERAL (
  SELECT count(*) AS many, min(few.ended_at) AS oldest FROM (
    SELECT ended_at FROM instance WHERE process_key = v.process_key AND ended_at IS NOT NULL ORDER BY ended_at LIMIT :most) AS few
) AS ended
CROSS JOIN LATERAL (
  SELECT count(*) AS many FROM (
    SELECT FROM instance WHERE process_key = v.process_key AND ended_at < business_now() - make_interval(days => s.keep_days) LIMIT :most
  ) AS few
) AS due
WHERE v.latest ORDER BY v.name
""")
