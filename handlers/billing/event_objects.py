"""Invoices in event logs."""

from handlers.event_log import EventObjects, Tie

EVENT_OBJECTS = EventObjects(
    types={"invoice_no": "invoice"},
    ties=(
        Tie(
            "invoice",
            "order",
            "bills",
            """
            SELECT invoice_no AS source, order_no AS target FROM invoice WHERE invoice_no = ANY(:numbers) AND order_no IS NOT NULL
            UNION SELECT invoice_no, order_no FROM invoice_line WHERE invoice_no = ANY(:numbers)
            """,
        ),
        Tie(
            "invoice",
            "customer",
            "billed to",
            "SELECT invoice_no AS source, customer_no AS target FROM invoice WHERE invoice_no = ANY(:numbers)",
        ),
    ),
    of_customer=("SELECT invoice_no FROM invoice WHERE customer_no = :customer_no",),
)
