"""The business clock: what a person would call a date or a deadline is read from `business_now()`, never from the machine.

It is the database's time, unless a transaction has set its own (a dry run, a scenario, a test) or the whole company's clock was moved
(a demo or a test database, never production). `business_today()` is its date in the time zone of the session, which is the company's.
Leases, heartbeats and logs read `now()`.
"""

from datetime import date, datetime, timedelta

from sqlalchemy import CheckConstraint, Column, Connection, Interval, SmallInteger, Table, event, text
from sqlalchemy.orm import Session

from engine.store.base import metadata
from engine.store.memo import know, read_once

#: One row at most, and only in a demo or test database: by how much the company's clock is ahead of the machine's.
business_clock = Table(
    "business_clock",
    metadata,
    Column("one", SmallInteger, primary_key=True, server_default=text("1"), autoincrement=False),
    Column("ahead", Interval, nullable=False),
    CheckConstraint("one = 1", name="one"),
)

#: Under which a transaction keeps its business time, and the table it comes from.
_OF_TRANSACTION, _CLOCKS = "business_now", (business_clock.name,)
_NOW = """
CREATE OR REPLACE FUNCTION business_now() RETURNS timestamptz LANGUAGE sql STABLE AS $$
SELECT coalesce(nullif(current_setting('ordercraft.business_time', true), '')::timestamptz,
                now() + coalesce((SELECT ahead FROM business_clock), interval '0'))
$$
"""
_TODAY = """
CREATE OR REPLACE FUNCTION business_today() RETURNS date LANGUAGE sql STABLE AS $$ SELECT business_now()::date $$
"""


@event.listens_for(metadata, "before_create")
def _create_functions(_metadata: object, connection: Connection, **_options: object) -> None:
    """Before every table: their defaults call the functions, and one function reads a table that is yet to come."""
    for statement in ("SET LOCAL check_function_bodies = off", _NOW, _TODAY):
        connection.execute(text(statement))


def business_now(tx: Session) -> datetime:
    """The business time of the transaction; the same from its first to its last statement."""
    return read_once(tx, _OF_TRANSACTION, lambda: _read_now(tx), of=_CLOCKS)


def know_business_now(tx: Session, now: datetime) -> None:
    """Keep the business time that another statement of the transaction has read on its way."""
    know(tx, _OF_TRANSACTION, now, of=_CLOCKS)


def _read_now(tx: Session) -> datetime:
    now: datetime = tx.execute(text("SELECT business_now()")).scalar_one()
    return now


def business_today(tx: Session) -> date:
    """The business date, in the company's time zone."""
    return business_now(tx).date()  # the connection gives times in its own zone, which is the company's


def end_of_day(tx: Session, day: date) -> datetime:
    """The last second of a day in the company's time zone."""
    statement = text("SELECT (CAST(:day AS date) + time '23:59:59') AT TIME ZONE current_setting('TimeZone')")
    end: datetime = tx.execute(statement, {"day": day}).scalar_one()
    return end


def at(tx: Session, moment: datetime | None) -> None:
    """Let the transaction happen at another time; None is the company's time again. Nothing outside the transaction notices."""
    tx.execute(text("SELECT set_config('ordercraft.business_time', :at, true)"), {"at": "" if moment is None else moment.isoformat()})


def move_company(tx: Session, ahead: timedelta) -> None:
    """Set the whole company's clock ahead of the machine's. For demo and test databases: whoever calls it has checked that it is one."""
    moved = "INSERT INTO business_clock (ahead) VALUES (:ahead) ON CONFLICT (one) DO UPDATE SET ahead = excluded.ahead"
    tx.execute(text(moved), {"ahead": ahead})


def allow_moving(tx: Session) -> None:
    """Mark a database as one whose clock may be moved. Whoever fills a demo or a test database says so; a company's own never is."""
    tx.execute(text("INSERT INTO business_clock (ahead) VALUES (interval '0') ON CONFLICT (one) DO NOTHING"))


def may_be_moved(tx: Session) -> bool:
    """Whether it was marked."""
    return tx.execute(text("SELECT 1 FROM business_clock")).first() is not None


def machine_now(tx: Session) -> datetime:
    """The database's own time, from which the company's clock is counted."""
    now: datetime = tx.execute(text("SELECT now()")).scalar_one()
    return now


def moved_by(tx: Session) -> timedelta:
    """By how much the company's clock is ahead; zero in production. Every page shows it when it is not."""
    ahead: timedelta | None = tx.execute(text("SELECT ahead FROM business_clock")).scalar()
    return ahead or timedelta()
