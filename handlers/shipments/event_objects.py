"""Shipments in event logs."""

from handlers.event_log import EventObjects, Tie

EVENT_OBJECTS = EventObjects(
    types={"shipment_no": "shipment"},
    ties=(
        Tie(
            "shipment", "order", "ships", "SELECT shipment_no AS source, order_no AS target FROM shipment WHERE shipment_no = ANY(:numbers)"
        ),
        Tie(
            "shipment",
            "fulfilment group",
            "of",
            "SELECT shipment_no AS source, group_no AS target FROM shipment WHERE shipment_no = ANY(:numbers)",
        ),
    ),
)
