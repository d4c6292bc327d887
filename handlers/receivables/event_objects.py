"""What comes from the bank in event logs."""

from handlers.event_log import EventObjects

EVENT_OBJECTS = EventObjects(
    types={"statement_no": "bank statement", "receipt_no": "receipt", "dispute_no": "dispute", "charge_no": "late charge"}
)
