"""The carrier's twin: answers at once and keeps what it was asked, for tests and dry runs."""

from dataclasses import dataclass, field
from decimal import Decimal

from handlers.fulfillment.ports import AddressRefused, Booked, Consignment
from handlers.fulfillment.rules import tracking_number


@dataclass(slots=True)
class RecordingCarrier:
    """Books everything except what goes to a refused country; the same key is the same booking."""

    refused_countries: frozenset[str] = frozenset()
    asked: list[tuple[str, Consignment]] = field(default_factory=list)
    voided: list[tuple[str, str]] = field(default_factory=list)

    def book(self, consignment: Consignment, key: str) -> Booked:
        """Note the question and book for 9.90."""
        self.asked.append((key, consignment))
        if consignment.receiver.country in self.refused_countries or not consignment.receiver.postal_code:
            raise AddressRefused(f"No service to {consignment.receiver.postal_code or 'an address without a postal code'}.")
        return Booked("TWIN", "STANDARD", tracking_number(key), Decimal("9.90"), "EUR", b"label of " + key.encode(), "text/plain")

    def void(self, shipment_no: str, tracking_no: str) -> None:
        """Note it."""
        self.voided.append((shipment_no, tracking_no))
