"""When is worked: the hours of a week, whose public holidays count, and days that are otherwise."""

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY

from engine.store.base import metadata
from engine.store.columns import moment

business_calendar = Table(
    "business_calendar",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("country", Text, nullable=False, server_default=text("''")),  # whose public holidays count; empty: none
    Column("region", Text, nullable=False, server_default=text("''")),  # of the country
    Column("week", ARRAY(Text), nullable=False),  # Monday to Sunday, each such as 08:00-12:00, 13:00-17:00; empty is closed
    Column("standard", Boolean, nullable=False, server_default=text("false")),  # in it count all due times that name none
    Column("version", Integer, nullable=False, server_default=text("1")),
    moment("changed_at", now=True),
    Index("business_calendar_standard_ix", "standard", unique=True, postgresql_where=text("standard")),
)

calendar_day = Table(  # a day that is not as its weekday: closed for stock-taking, or a Saturday on which is worked
    "calendar_day",
    metadata,
    Column("calendar_code", Text, ForeignKey("business_calendar.code", ondelete="CASCADE"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("hours", Text, nullable=False, server_default=text("''")),  # empty is closed
    Column("note", Text, nullable=False, server_default=text("''")),
)
