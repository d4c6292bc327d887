"""Column types that recur in the business tables. Money and quantities are NUMERIC(18,4); times are instants of the business clock."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from sqlalchemy import BigInteger, Connection, DateTime, Identity, Numeric, event, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import mapped_column

from engine.store.base import metadata

#: A number the database gives.
SerialId = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
#: A human number or code that names the row.
Key = Annotated[str, mapped_column(primary_key=True)]
#: Another table's serial id.
Reference = Annotated[int, mapped_column(BigInteger)]
#: Money; the row's `currency` column says of which.
Amount = Annotated[Decimal, mapped_column(Numeric(18, 4))]
#: A quantity in the row's unit of measure.
Quantity = Annotated[Decimal, mapped_column(Numeric(18, 4))]
#: A quantity or amount that begins at zero.
Counter = Annotated[Decimal, mapped_column(Numeric(18, 4), server_default=text("0"))]
#: A percentage: 12.5 means 12.5 %.
Percent = Annotated[Decimal, mapped_column(Numeric(9, 4), server_default=text("0"))]
#: A point in time.
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
#: The point in business time at which the row was written.
Written = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=text("business_now()"))]
#: The first day a row holds; open towards the past when not given.
ValidFrom = Annotated[date, mapped_column(server_default=text("'1900-01-01'"))]
#: The last day a row holds; open towards the future when not given.
ValidUntil = Annotated[date, mapped_column(server_default=text("'9999-12-31'"))]
#: No, unless said otherwise.
Flag = Annotated[bool, mapped_column(server_default=text("false"))]
#: Yes, unless said otherwise.
Active = Annotated[bool, mapped_column(server_default=text("true"))]
#: Empty text, unless said otherwise.
Label = Annotated[str, mapped_column(server_default=text("''"))]
#: A JSON object.
JsonObject = Annotated[dict[str, Any], mapped_column(JSONB, server_default=text("'{}'"))]
#: A JSON list.
JsonList = Annotated[list[Any], mapped_column(JSONB, server_default=text("'[]'"))]


#: The twin of `handlers.identifiers.folded`: what two spellings of one document number share. Indexes of such numbers are made on it.
_FOLDED = r"""
CREATE OR REPLACE FUNCTION folded(written text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT translate(written, E'abcdefghijklmnopqrstuvwxyz \t\n\r\x0b\x0c\u00a0', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ')
$$
"""


@event.listens_for(metadata, "before_create")
def _create_functions(_metadata: object, connection: Connection, **_options: object) -> None:
    """Before every table: their indexes call the function."""
    connection.execute(text(_FOLDED))
