"""What fulfilment asks of the outside: a carrier."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol


class AddressRefused(Exception):
    """The carrier does not serve the address; another attempt will not help."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a parcel comes from or goes to."""

    name: str
    street: str
    city: str
    postal_code: str
    country: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """One package: its serial shipping container code and its own weight."""

    sscc: str
    weight_kg: Decimal


@dataclass(frozen=True, slots=True)
class Consignment:
    """What is to be carried, and the weight of all of it."""

    shipment_no: str
    sender: Place
    receiver: Place
    weight_kg: Decimal
    packages: tuple[Parcel, ...]


@dataclass(frozen=True, slots=True)
class Booked:
    """The carrier's answer, with the label to print."""

    carrier: str
    service: str
    tracking_no: str
    cost: Decimal
    currency: str
    label: bytes
    label_media_type: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What a service would cost; `days` is how many working days it takes, where the carrier says so."""

    service: str
    cost: Decimal
    currency: str
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Tracked:
    """Where a parcel is, in the carrier's word; once it is there, since when, who signed, and the proof with its media type."""

    status: str
    delivered_at: datetime | None = None
    signed_by: str = ""
    proof: tuple[bytes, str] | None = None


class Carrier(Protocol):
    """Carries goods. Booking twice under one key is one booking with one tracking number."""

    @property
    def tracks(self) -> bool:
        """Whether it can say where a parcel is."""

    def rates(self, consignment: Consignment) -> Sequence[Offer]:
        """What it would cost, the cheapest first. Raises AddressRefused when the address is not served; any other error may heal."""

    def track(self, tracking_no: str) -> Tracked | None:
        """Where a parcel is; None where nobody knows."""

    def book(self, consignment: Consignment, key: str) -> Booked:
        """Book the transport. Raises AddressRefused when the address is not served; any other error may heal."""

    def void(self, shipment_no: str, tracking_no: str) -> None:
        """Give a booking back. Voiding one that is gone does nothing."""
