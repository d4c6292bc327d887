"""One company has one time zone: whoever serves it or works for it agrees on the zone with all others that do.

In two zones an invoice would be dated by whoever happened to make it. Each process that stays names its zone to the server, and asks
at its start who else is there; a process that died is gone from the server's list with its connections.
"""

from sqlalchemy import text

from api.surroundings import Surroundings
from engine.store.unit_of_work import Database

_NAMED = "ordercraft in "


def name_in(time_zone: str) -> str:
    """How a process that stays is named to the server."""
    return f"{_NAMED}{time_zone}"


def refuse_other_zones(database: Database, time_zone: str) -> None:
    """Raises Surroundings when a process on the same database is in another time zone than this one."""
    with database.transaction() as tx:
        name = tx.execute(_OTHERS, {"named": _NAMED, "mine": name_in(time_zone)}).scalar()
    if name is not None:
        theirs = name.removeprefix(_NAMED)
        raise Surroundings(
            f"This process is in the time zone {time_zone}, another one on the same database is in {theirs}.",
            code="time_zone_differs",
            next_step=f"Set ORDERCRAFT_TIME_ZONE={theirs} here; or to move the company, stop every serve and worker first.",
        )


_OTHERS = text("""
SELECT application_name FROM pg_stat_activity
WHERE datname = current_database() AND starts_with(application_name, :named) AND application_name <> :mine
ORDER BY application_name LIMIT 1
""")
