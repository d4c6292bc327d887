"""What can be open in the warehouse."""

from handlers.open_things import OpenKind

OPEN_THINGS = (
    OpenKind(
        "shipment to hand over",
        """
        SELECT shipment_no AS number, ARRAY[shipment_no, group_no] AS keys, order_no, packed_at AS since
        FROM shipment WHERE shipped_at IS NULL AND cancelled_at IS NULL
        """,
        also=("order_no",),
    ),
)
