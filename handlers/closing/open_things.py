"""What can be open of a close."""

from handlers.open_things import OpenKind

OPEN_THINGS = (
    OpenKind(
        "period close",
        """
        SELECT period AS number, ARRAY[period] AS keys, begun_at AS since, 'Ends on ' || ends_on AS detail
        FROM period_close WHERE state = 'OPEN'
        """,
        also=("detail",),
    ),
)
