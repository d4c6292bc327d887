"""What can be open of interchanges."""

from handlers.open_things import OpenKind

OPEN_THINGS = (
    OpenKind(
        "EDI transaction",
        """
        SELECT 'EDI-' || told.id AS number, ARRAY['EDI-' || told.id] AS keys, interchange.received_at AS since,
          told.kind || ' ' || told.number AS detail
        FROM edi_transaction AS told JOIN edi_interchange AS interchange ON interchange.id = told.interchange_id
        WHERE told.state = 'RECEIVED'
        """,
        also=("detail",),
    ),
)
