"""The carrier's twin: answers at once and keeps what it was asked, for tests and dry runs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from handlers.fulfillment.ports import AddressRefused, Booked, Consignment, Offer, Tracked
from handlers.fulfillment.rules import tracking_number


@dataclass(slots=True)
class RecordingCarrier:
    """Books everything except what goes to a refused country; the same key is the same booking."""

    refused_countries: frozenset[str] = frozenset()
    asked: list[tuple[str, Consignment]] = field(default_factory=list)
    voided: list[tuple[str, str]] = field(default_factory=list)

    @property
    def tracks(self) -> bool:
        """It knows nothing of parcels on their way."""
        return False

    def rates(self, consignment: Consignment) -> Sequence[Offer]:
        """What booking costs."""
        self._refuse(consignment)
        return [Offer("STANDARD", Decimal("9.90"), "EUR")]

    def track(self, tracking_no: str) -> Tracked | None:
        """Nobody knows."""

    def book(self, consignment: Consignment, key: str) -> Booked:
        """Note the question and book for 9.90."""
        self.asked.append((key, consignment))
        self._refuse(consignment)
        return Booked("TWIN", "STANDARD", tracking_number(key), Decimal("9.90"), "EUR", b"label of " + key.encode(), "text/plain")

    def _refuse(self, consignment: Consignment) -> None:
        if consignment.receiver.country in self.refused_countries or not consignment.receiver.postal_code:
            raise AddressRefused(f"No service to {consignment.receiver.postal_code or 'an address without a postal code'}.")

    def void(self, shipment_no: str, tracking_no: str) -> None:
        """Note it."""
        self.voided.append((shipment_no, tracking_no))
