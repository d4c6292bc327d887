"""Orders and their groups in event logs."""

from handlers.event_log import EventObjects, Tie

EVENT_OBJECTS = EventObjects(
    types={"order_no": "order", "group_no": "fulfilment group"},
    ties=(
        Tie(
            "order",
            "customer",
            "ordered by",
            "SELECT order_no AS source, customer_no AS target FROM sales_order WHERE order_no = ANY(:numbers)",
        ),
        Tie(
            "fulfilment group",
            "order",
            "part of",
            "SELECT group_no AS source, order_no AS target FROM fulfil_group WHERE group_no = ANY(:numbers)",
        ),
    ),
    of_customer=(
        "SELECT order_no FROM sales_order WHERE customer_no = :customer_no",
        "SELECT group_no FROM fulfil_group JOIN sales_order USING (order_no) WHERE customer_no = :customer_no",
    ),
)
