"""Quotes in event logs."""

from handlers.event_log import EventObjects, Tie

EVENT_OBJECTS = EventObjects(
    types={"quote_no": "quote"},
    ties=(
        Tie(
            "quote", "customer", "offered to", "SELECT quote_no AS source, customer_no AS target FROM quote WHERE quote_no = ANY(:numbers)"
        ),
    ),
    of_customer=("SELECT quote_no FROM quote WHERE customer_no = :customer_no",),
)
