"""What can be open of the books."""

from handlers.open_things import OpenKind

OPEN_THINGS = (
    OpenKind(
        "manual entry",
        """
        SELECT reference AS number, ARRAY[reference] AS keys, written_at AS since, narration AS detail
        FROM manual_entry WHERE state = 'WRITTEN'
        """,
        also=("detail",),
    ),
)
