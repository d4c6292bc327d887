"""Purchase orders and suppliers' bills in event logs."""

from handlers.event_log import EventObjects, Tie

EVENT_OBJECTS = EventObjects(
    types={"po_no": "purchase order", "supplier_no": "supplier", "supplier_invoice_no": "supplier invoice"},
    ties=(
        Tie(
            "purchase order",
            "order",
            "bought for",
            "SELECT po_no AS source, order_no AS target FROM purchase_order WHERE po_no = ANY(:numbers)",
        ),
        Tie(
            "purchase order",
            "supplier",
            "bought from",
            "SELECT po_no AS source, supplier_no AS target FROM purchase_order WHERE po_no = ANY(:numbers)",
        ),
        Tie(
            "supplier invoice",
            "purchase order",
            "bills",
            "SELECT supplier_invoice_no AS source, po_no AS target FROM supplier_invoice WHERE supplier_invoice_no = ANY(:numbers)",
        ),
    ),
    of_customer=("SELECT po_no FROM purchase_order JOIN sales_order USING (order_no) WHERE customer_no = :customer_no",),
)
