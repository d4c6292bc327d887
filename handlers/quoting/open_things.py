"""What can be open of quotes."""

from handlers.open_things import OpenKind

OPEN_THINGS = (
    OpenKind(
        "quote",
        """
        SELECT quote_no AS number, ARRAY[quote_no] AS keys, created_at AS since
        FROM quote WHERE state IN ('DRAFT', 'PENDING_APPROVAL', 'APPROVED', 'SENT')
        """,
    ),
)
