"""The events of some instances, for a log that other tools read. Bounded: a log that leaves something out says nothing true."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.mining.ocel import Happened, Log, Ran, relate
from engine.problems import TooLarge
from engine.runtime.read.mining import MOST_INSTANCES, Wanted, take_sample

#: Events of one log; about 60 MB of JSON.
MOST_EVENTS: Final = 100_000


def read_log(tx: Session, wanted: Wanted, types: Mapping[str, str]) -> Log:
    """The instances that fit with their events; `types` says which variable names a thing of which type.

    Raises Invalid, NotFound, and TooLarge when there are more than one log may hold.
    """
    sample = take_sample(tx, wanted)
    rows = [] if sample.more else tx.execute(_EVENTS, {"ids": sample.ids, "most": MOST_EVENTS + 1}).mappings().all()
    if sample.more or len(rows) > MOST_EVENTS:
        what = f"{MOST_INSTANCES:,} instances" if sample.more else f"{MOST_EVENTS:,} events"
        raise TooLarge(
            f"More than {what} fit this filter, and a log that leaves some out would say what is not so.",
            code="event_log_too_large",
            next_step="Narrow the time in which the instances began, or choose one version, and take several logs.",
        )
    instances = [
        Ran(
            row.id, row.process_key, row.version, row.business_key, row.state, row.started_at, row.ended_at, row.started_by_instance_id
        )
        for row in sample.rows
    ]  # fmt: skip
    return relate(instances, [Happened(**row) for row in rows], types)


_EVENTS = text("""
SELECT id, instance_id, element_id, coalesce(nullif(element_name, ''), element_id) AS name, actor, started_at AS began_at, ended_at, changed
FROM history
WHERE instance_id = ANY(CAST(:ids AS uuid[])) AND outcome IN ('completed', 'skipped') AND right(element_type, 7) <> 'Gateway'
  AND coalesce(detail->>'turns', '0') = '0'
ORDER BY ended_at, id LIMIT :most
""")
