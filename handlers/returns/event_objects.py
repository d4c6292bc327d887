"""Returns in event logs."""

from handlers.event_log import EventObjects, Tie

EVENT_OBJECTS = EventObjects(
    types={"rma_no": "return"},
    ties=(
        Tie(
            "return",
            "order",
            "returns goods of",
            "SELECT rma_no AS source, order_no AS target FROM return_authorization WHERE rma_no = ANY(:numbers)",
        ),
        Tie(
            "return",
            "invoice",
            "returns goods of",
            "SELECT rma_no AS source, invoice_no AS target FROM return_authorization WHERE rma_no = ANY(:numbers)",
        ),
    ),
    of_customer=("SELECT rma_no FROM return_authorization WHERE customer_no = :customer_no",),
)
