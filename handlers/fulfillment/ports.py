"""What fulfilment asks of the outside: a carrier."""

from dataclasses import dataclass
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


class Carrier(Protocol):
    """Carries goods. Booking twice under one key is one booking with one tracking number."""

    def book(self, consignment: Consignment, key: str) -> Booked:
        """Book the transport. Raises AddressRefused when the address is not served; any other error may heal."""

    def void(self, shipment_no: str, tracking_no: str) -> None:
        """Give a booking back. Voiding one that is gone does nothing."""
