"""What an approval covers, and when an acceptance counts. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from engine.store import json_text


def fingerprint(header: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> str:
    """The fingerprint of everything an approver decides on: any change of it makes approvals void."""
    return sha256(json_text.encode({"header": _plain(header), "lines": [_plain(line) for line in lines]})).hexdigest()


def _plain(values: Mapping[str, Any]) -> dict[str, str]:
    """Values as text, so that 5 and 5.0000 are the same."""
    return {name: f"{value.normalize():f}" if hasattr(value, "normalize") else str(value) for name, value in values.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A quote as its acceptance finds it."""

    state: str
    now: datetime
    valid_until: datetime | None
    approved_at: datetime | None
    approval_days: int
    hash_is_approved: bool
    customer_active: bool = True
    requires_po: bool = False
    po_is_well_formed: bool = True
    customer_po: str = ""
    po_used_for: str | None = None


#: A quote is extended by at most a year: later than that it is another quote.
LONGEST_EXTENSION = timedelta(days=365)


def extension_problem(until: datetime, *, valid_until: datetime | None, now: datetime) -> str:
    """Why a quote cannot be valid until a moment; empty when it can."""
    if until <= now:
        return "must lie in the future"
    if valid_until is not None and until <= valid_until:
        return f"must be later than {_day(valid_until)}, until when it is valid now"
    return "must lie within a year" if until > now + LONGEST_EXTENSION else ""


def objection(offer: Offer) -> str:
    """Why an acceptance does not count; empty when it does."""
    approval_ended = offer.approved_at is None or offer.now > offer.approved_at + timedelta(days=offer.approval_days)
    objections = (
        (offer.state != "SENT", f"The quote is {offer.state.lower().replace('_', ' ')}, not open for acceptance."),
        (offer.valid_until is not None and offer.now > offer.valid_until, f"The quote was valid until {_day(offer.valid_until)}."),
        (not offer.hash_is_approved, "The quote was changed after its approval."),
        (approval_ended, f"The approval is older than {offer.approval_days} days."),
        (not offer.customer_active, "The customer is not active any more."),
        (offer.requires_po and not offer.customer_po, "The customer requires a purchase order number; the acceptance has none."),
        (not offer.po_is_well_formed, f"{offer.customer_po!r} does not look like a purchase order number of the customer."),
        (offer.po_used_for is not None, f"The purchase order was used for {offer.po_used_for} already."),
    )
    return " ".join(sentence for holds, sentence in objections if holds)


def _day(moment: datetime | None) -> str:
    return moment.date().isoformat() if moment is not None else ""
