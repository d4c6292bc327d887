"""The carrier that works without any outside system: rates from a table, a label we print, a tracking number made from the booking's key.

It is honest about it: nobody picks the parcel up because of this booking; hand it to any carrier with the label.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from handlers.documents.pdf import print_pdf_plain
from handlers.fulfillment.code128 import widths
from handlers.fulfillment.ports import AddressRefused, Booked, Consignment, Offer, Tracked
from handlers.fulfillment.rules import Zone, rate, tracking_number, zone_of

_LABEL = Path(__file__).parent / "label.typ"
_EUROPEAN = "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IT LI LT LU LV MT NL NO PL PT RO SE SI SK"
_EUROPE = frozenset(_EUROPEAN.split())
#: A label prints the same whenever it is printed again.
_PRINTED_AT = datetime(2000, 1, 1, tzinfo=UTC)

DEFAULT_ZONES: tuple[Zone, ...] = (
    Zone("HOME", frozenset(), Decimal("4.90"), Decimal("0.35"), "PARCEL"),
    Zone("EUROPE", _EUROPE, Decimal("11.50"), Decimal("0.95"), "PARCEL EUROPE"),
    Zone(
        "WORLD",
        frozenset({"US", "CA", "AU", "JP", "CN", "IN", "BR", "MX", "ZA", "AE", "SG", "NZ"}),
        Decimal("38.00"),
        Decimal("4.80"),
        "AIR",
    ),
)


@dataclass(frozen=True, slots=True)
class RateTable:
    """Books by a table of zones; the first zone that serves the receiver's country counts."""

    currency: str = "EUR"
    zones: Sequence[Zone] = DEFAULT_ZONES
    name: str = "OWN LABEL"

    @property
    def tracks(self) -> bool:
        """Nobody outside knows of the label, so nobody says where it is."""
        return False

    def rates(self, consignment: Consignment) -> Sequence[Offer]:
        """The one rate of the table. Raises AddressRefused without postal code or zone."""
        zone = self._zone(consignment)
        return [Offer(zone.service, rate(zone, consignment.weight_kg, len(consignment.packages), self.currency), self.currency)]

    def track(self, tracking_no: str) -> Tracked | None:
        """Nobody knows."""

    def book(self, consignment: Consignment, key: str) -> Booked:
        """Rate the consignment and print its label. Raises AddressRefused without postal code or zone."""
        zone = self._zone(consignment)
        tracking_no = tracking_number(key)
        return Booked(
            carrier=self.name,
            service=zone.service,
            tracking_no=tracking_no,
            cost=rate(zone, consignment.weight_kg, len(consignment.packages), self.currency),
            currency=self.currency,
            label=self._label(consignment, zone, tracking_no),
            label_media_type="application/pdf",
        )

    def void(self, shipment_no: str, tracking_no: str) -> None:
        """Nothing to give back: nobody outside knows of the label."""

    def _zone(self, consignment: Consignment) -> Zone:
        receiver = consignment.receiver
        if not receiver.postal_code or not receiver.city:
            raise AddressRefused(f"The address of {receiver.name or 'the receiver'} has no postal code or no city.")
        zone = zone_of(receiver.country, consignment.sender.country, self.zones)
        if zone is None:
            raise AddressRefused(f"No rate is on file for {receiver.country or 'an address without a country'}.")
        return zone

    def _label(self, consignment: Consignment, zone: Zone, tracking_no: str) -> bytes:
        data = {
            "carrier": self.name,
            "service": zone.service,
            "shipment_no": consignment.shipment_no,
            "tracking_no": tracking_no,
            "sender": consignment.sender,
            "receiver": consignment.receiver,
            "packages": [
                {"sscc": parcel.sscc, "bars": widths("00" + parcel.sscc), "weight": f"{parcel.weight_kg.normalize():f} kg"}
                for parcel in consignment.packages
            ],
        }
        return print_pdf_plain(_LABEL, data, _PRINTED_AT)
