"""Customers in event logs."""

from handlers.event_log import EventObjects

EVENT_OBJECTS = EventObjects(types={"customer_no": "customer"})
