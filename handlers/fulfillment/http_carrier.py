"""A carrier that is asked over HTTP, by the contract of `docs/carrier.openapi.json`: rates, labels, voids, and where a parcel is.

Every call is bounded in time and size. A booking carries its key as `Idempotency-Key`, the same on every attempt: the carrier answers one
booking. What may heal (no answer, 429, 5xx) is raised, and tried again as the diagram says; what will not is broken, with what to do.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeVar
from urllib.parse import quote

import msgspec

from engine.service_tasks import Broken
from engine.store import json_text
from handlers.calling import Answer, NotCalled, Patience, Request, call, read_networks
from handlers.fulfillment.ports import AddressRefused, Booked, Consignment, Offer, Tracked

Shape = TypeVar("Shape")
#: Whoever keeps the settings says where the carrier is, also in our own network.
_ANYWHERE: Final = read_networks("0.0.0.0/0, ::/0")
_PATIENCE: Final = Patience(seconds=20.0, most_bytes=5_000_000)
#: Again within one attempt, where the connection was lost: a parcel waits on the packing table.
_TRIES: Final = 2
_OK: Final = range(200, 300)
_GONE: Final = (404, 410)
_REFUSED: Final = 422
_LATER: Final = (408, 425, 429)
_MAY_NOT: Final = (401, 403)
_WORST: Final = 500


class CarrierAway(Exception):
    """The carrier does not answer, or cannot now; the same call may succeed later."""


class _Label(msgspec.Struct):
    media_type: str
    content: str


class _Booking(msgspec.Struct):
    carrier: str
    service: str
    tracking_no: str
    cost: Decimal
    currency: str
    label: _Label


class _Rate(msgspec.Struct):
    service: str
    cost: Decimal
    currency: str
    days: int | None = None


class _Rates(msgspec.Struct):
    rates: list[_Rate]


class _Tracking(msgspec.Struct):
    status: str
    at: datetime | None = None
    delivered_at: datetime | None = None
    signed_by: str = ""
    proof: _Label | None = None


class _Problem(msgspec.Struct):
    detail: str = ""


@dataclass(frozen=True, slots=True)
class HttpCarrier:
    """A carrier at an address, known to it by a token."""

    url: str
    token: str = ""

    @property
    def tracks(self) -> bool:
        """It can say where a parcel is."""
        return True

    def book(self, consignment: Consignment, key: str) -> Booked:
        """Book the transport. Raises AddressRefused, CarrierAway (may heal), Broken (will not)."""
        answer = self._ask("POST", "/shipments", key, asdict(consignment))
        if answer.status == _REFUSED:
            raise AddressRefused(_detail(answer) or f"The carrier refuses {consignment.shipment_no}.")
        booked = _read(answer, _Booking)
        if not booked.tracking_no or booked.cost < 0:
            raise Broken("The carrier's booking has no tracking number, or a cost below zero.", next_step=_CONTRACT)
        return Booked(
            carrier=booked.carrier,
            service=booked.service,
            tracking_no=booked.tracking_no,
            cost=booked.cost,
            currency=booked.currency,
            label=_content(booked.label),
            label_media_type=booked.label.media_type,
        )

    def void(self, shipment_no: str, tracking_no: str) -> None:
        """Give a booking back; one that is gone is given back. Raises CarrierAway, Broken (such as: the parcel was picked up)."""
        answer = self._ask("DELETE", f"/shipments/{quote(tracking_no, safe='')}", f"void:{shipment_no}:{tracking_no}")
        if answer.status not in _GONE:
            _expect(answer)

    def rates(self, consignment: Consignment) -> Sequence[Offer]:
        """What it would cost, the cheapest first. Raises AddressRefused, CarrierAway, Broken."""
        answer = self._ask("POST", "/rates", "", asdict(consignment))
        if answer.status == _REFUSED:
            raise AddressRefused(_detail(answer) or "The carrier does not serve the address.")
        found = [Offer(each.service, each.cost, each.currency, each.days) for each in _read(answer, _Rates).rates]
        return sorted(found, key=lambda offer: offer.cost)

    def track(self, tracking_no: str) -> Tracked | None:
        """Where a parcel is; None where the carrier does not know it. Raises CarrierAway, Broken."""
        answer = self._ask("GET", f"/shipments/{quote(tracking_no, safe='')}", "")
        if answer.status in _GONE:
            return None
        found = _read(answer, _Tracking)
        delivered = found.delivered_at or found.at if found.status == "delivered" else None
        proof = (_content(found.proof), found.proof.media_type) if found.proof else None
        return Tracked(found.status[:40], delivered, found.signed_by[:200], proof)

    def _ask(self, method: str, path: str, key: str, body: Any = None) -> Answer:
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        headers |= {"Idempotency-Key": key} if key else {}
        headers |= {"Content-Type": "application/json"} if body is not None else {}
        request = Request(method, f"{self.url.rstrip('/')}{path}", headers, b"" if body is None else json_text.encode(_texts(body)))
        for attempt in range(1, _TRIES + 1):
            try:
                answer = call(request, _PATIENCE, _ANYWHERE)
            except NotCalled as error:
                if attempt == _TRIES:
                    raise CarrierAway(str(error)) from error
                continue
            if answer.status >= _WORST or answer.status in _LATER:
                raise CarrierAway(f"The carrier answered {answer.status}: {_detail(answer) or 'nothing more'}")
            return answer
        raise AssertionError("unreachable: the last attempt answers or raises")


_CONTRACT: Final = "Compare what it answers with docs/carrier.openapi.json, and tell the carrier."


def _expect(answer: Answer) -> None:
    if answer.status in _MAY_NOT:
        raise Broken(f"The carrier answered {answer.status}: we may not.", next_step="Correct ORDERCRAFT_CARRIER_TOKEN, then retry.")
    if answer.status not in _OK:
        raise Broken(f"The carrier answered {answer.status}: {_detail(answer) or 'nothing more'}", next_step=_CONTRACT)


def _read(answer: Answer, shape: type[Shape]) -> Shape:
    _expect(answer)
    try:
        return msgspec.json.decode(answer.body, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Broken(f"The carrier's answer cannot be read: {error}", next_step=_CONTRACT) from error


def _content(label: _Label) -> bytes:
    try:
        return base64.b64decode(label.content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Broken(f"The carrier's paper is no base64: {error}", next_step=_CONTRACT) from error


def _detail(answer: Answer) -> str:
    try:
        return msgspec.json.decode(answer.body, type=_Problem).detail[:300]
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""


def _texts(value: Any) -> Any:
    """Decimals as text: no side rounds them through a binary float."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dict):
        return {name: _texts(item) for name, item in value.items()}
    return [_texts(item) for item in value] if isinstance(value, list | tuple) else value
