"""Adds, changes and finds the partners we exchange interchanges with."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound
from engine.store.locks import Lock
from engine.store.paging import AnyRow, Asked, Key, Page, read_page
from handlers.changes import Author, Differences, Record, change, note, note_added, row_of, version_of
from handlers.edi.interchange import EDIFACT, X12
from handlers.edi.model import EdiLocation, EdiPartner
from handlers.identifiers import Name, Number, canonical
from handlers.parties.master_data import find_customer
from handlers.parties.model import Address
from handlers.rowsets import add_once

#: The versions that papers of ours are written in.
VERSIONS: Final[Mapping[str, tuple[str, ...]]] = {X12: ("004010", "004010VICS", "005010"), EDIFACT: ("D96A", "D01B")}
#: ISA05 and ISA07 (X12 element I05).
_X12_QUALIFIERS: Final = frozenset({f"{number:02d}" for number in range(1, 41)} | {"ZZ", "AM", "NR", "SA", "SN"})
#: As long as EDIFACT's 3039; X12's N104 holds more, which no partner uses.
_LONGEST_CODE: Final = 35
_X12_ID, _EDIFACT_ID = re.compile(r"[A-Z0-9 ._/&-]{2,15}"), re.compile(r"[A-Za-z0-9 ._/&-]{1,35}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerDraft:
    """A partner to exchange with: its address and ours, the customer it is, and which papers it gets this way.

    Of a customer with several partners the one an order came from is answered; a test partner gets papers of its own orders alone.
    """

    partner_no: Number
    name: Name
    customer_no: Number
    syntax: str
    their_id: Name
    our_id: Name
    their_qualifier: str = ""
    our_qualifier: str = ""
    message_version: str = ""
    their_group_id: str = ""
    our_group_id: str = ""
    is_test: bool = False
    acknowledges: bool = True
    sends_order_response: bool = True
    sends_despatch_advice: bool = True
    sends_invoice: bool = True


@dataclass(frozen=True, slots=True)
class PartnerSummary:
    """A partner as a list shows it."""

    partner_no: str
    name: str
    customer_no: str
    syntax: str
    message_version: str
    their_qualifier: str
    their_id: str
    is_test: bool
    active: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A partner with the places its papers name."""

    row: Mapping[str, Any]
    version: str
    locations: Sequence[AnyRow]
    #: Where the customer is delivered to: what a place can mean.
    addresses: Sequence[AnyRow]


PARTNER = Record("partner", EdiPartner, "partner_no", PartnerDraft, Lock.EDI_PARTNER, also=frozenset({"active"}))


def add_partner(tx: Session, draft: PartnerDraft, by: Author) -> str:
    """Add a partner; answers its number. Raises Invalid, NotFound (customer), Conflict."""
    draft = _checked(canonical(draft))
    find_customer(tx, draft.customer_no)
    _refuse_same_address(tx, draft)
    add_once(tx, EdiPartner, draft, f"Partner {draft.partner_no}")
    return str(note_added(tx, PARTNER, draft, by))


def change_partner(tx: Session, partner_no: str, changes: Mapping[str, Any], by: Author) -> Differences:
    """Change a partner's fields, `active` among them. Raises NotFound, Invalid, Conflict."""
    known = row_of(tx, PARTNER, partner_no)
    merged = {name: changes.get(name, known[name]) for name in PartnerDraft.__slots__}
    draft = _checked(canonical(PartnerDraft(**merged)))
    find_customer(tx, draft.customer_no)
    _refuse_same_address(tx, draft)
    named = {name: getattr(draft, name) for name in PartnerDraft.__slots__ if name in changes or getattr(draft, name) != merged[name]}
    return change(tx, PARTNER, partner_no, {**changes, **named}, by)


def _checked(draft: PartnerDraft) -> PartnerDraft:
    wrong: dict[str, list[str]] = {}
    if draft.syntax not in VERSIONS:
        wrong["syntax"] = [f"must be one of {', '.join(VERSIONS)}"]
    else:
        wrong = {name: texts for name, texts in _address_errors(draft).items() if texts}
        if draft.message_version and draft.message_version not in VERSIONS[draft.syntax]:
            wrong["message_version"] = [f"must be one of {', '.join(VERSIONS[draft.syntax])}"]
    if wrong:
        what = "; ".join(f"{name} {', '.join(texts)}" for name, texts in wrong.items())
        raise Invalid(f"The partner cannot be kept: {what}.", code="edi_partner", next_step="Correct the named fields.", errors=wrong)
    if draft.message_version:
        return draft
    values = {name: getattr(draft, name) for name in PartnerDraft.__slots__}
    return PartnerDraft(**{**values, "message_version": VERSIONS[draft.syntax][0]})


def _address_errors(draft: PartnerDraft) -> dict[str, list[str]]:
    is_x12 = draft.syntax == X12
    pattern = _X12_ID if is_x12 else _EDIFACT_ID
    wanted = "must have 2 to 15 large letters or digits" if is_x12 else "must have 1 to 35 letters or digits"
    errors = {name: [] if pattern.fullmatch(getattr(draft, name)) else [wanted] for name in ("their_id", "our_id")}
    for name in ("their_qualifier", "our_qualifier"):
        value = getattr(draft, name)
        if is_x12 and value not in _X12_QUALIFIERS:
            errors[name] = ["must be a qualifier of X12, such as ZZ (agreed), 01 (DUNS) or 12 (telephone)"]
        elif not is_x12 and not re.fullmatch(r"[A-Za-z0-9]{0,4}", value):
            errors[name] = ["must be a qualifier of EDIFACT, such as 14 (GS1), or empty"]
    for name in ("their_group_id", "our_group_id"):
        if getattr(draft, name) and not _X12_ID.fullmatch(getattr(draft, name)):
            errors[name] = ["must have 2 to 15 large letters or digits"]
    return errors


def _refuse_same_address(tx: Session, draft: PartnerDraft) -> None:
    same = ("syntax", "their_qualifier", "their_id", "our_qualifier", "our_id", "is_test")
    columns = EdiPartner.__table__.c
    other = tx.scalar(
        select(EdiPartner.partner_no)
        .where(*(columns[name] == getattr(draft, name) for name in same))
        .where(EdiPartner.partner_no != draft.partner_no)
    )
    if other is not None:
        raise Conflict(
            f"Partner {other} has this address already.",
            code="edi_address_taken",
            next_step="Give another address, or correct that partner.",
            errors={"their_id": [f"is the address of partner {other}"]},
        )


def find_partner(tx: Session, partner_no: str) -> EdiPartner:
    """The partner. Raises NotFound."""
    found = tx.get(EdiPartner, partner_no)
    if found is None:
        raise NotFound(
            f"There is no EDI partner {partner_no}.", code="partner_unknown", next_step="Check the number in the list of EDI partners."
        )
    return found


def list_partners(tx: Session, search: str, asked: Asked, *, count: bool = False) -> Page[PartnerSummary]:
    """Partners by number; `search` finds number, name, customer and address."""
    statement = select(*(getattr(EdiPartner, name) for name in PartnerSummary.__slots__))
    if search:
        columns = (EdiPartner.partner_no, EdiPartner.name, EdiPartner.customer_no, EdiPartner.their_id)
        found = columns[0].icontains(search, autoescape=True)
        for column in columns[1:]:
            found |= column.icontains(search, autoescape=True)
        statement = statement.where(found)
    return read_page(tx, statement, (Key(EdiPartner.partner_no),), asked, count=count).typed(PartnerSummary)


def show_partner(tx: Session, partner_no: str) -> Shown:
    """One partner with its places. Raises NotFound."""
    row = row_of(tx, PARTNER, partner_no)
    addresses = select(Address.id, Address.name, Address.city).where(Address.customer_no == row["customer_no"], Address.kind == "SHIP")
    places = tx.execute(addresses.order_by(Address.name, Address.id)).all()
    return Shown(row, version_of(row), tx.execute(_LOCATIONS, {"partner_no": partner_no}).all(), places)


def set_location(tx: Session, partner_no: str, code: str, address_id: int, by: Author) -> None:
    """Say which address of the customer a partner's papers mean by a code. Raises NotFound, Invalid (another customer's address)."""
    partner = find_partner(tx, partner_no)
    code = code.strip()
    address = tx.get(Address, address_id)
    is_code = 0 < len(code) <= _LONGEST_CODE
    if address is None or address.customer_no != partner.customer_no or not is_code:
        wrong = {"address_id": ["is none of the customer's"]} if is_code else {"code": [f"must have 1 to {_LONGEST_CODE} characters"]}
        raise Invalid(
            f"Address {address_id} cannot stand for {code or 'an empty code'}.",
            code="edi_location",
            next_step=f"Choose an address of customer {partner.customer_no} for deliveries.",
            errors=wrong,
        )
    values = {"partner_no": partner_no, "code": code, "address_id": address_id}
    written = insert(EdiLocation).values(values)
    tx.execute(written.on_conflict_do_update(index_elements=["partner_no", "code"], set_={"address_id": address_id}))
    note(tx, by, "change", f"partner:{partner_no}", {f"place {code}": {"from": None, "to": address.name}})


def partner_for(tx: Session, customer_no: str, order_no: str, paper: str) -> EdiPartner | None:
    """Who gets a paper of an order by EDI: the partner the order came from, else the customer's; None where nobody wants it so.

    `paper` is order_response, despatch_advice or invoice.
    """
    given = {"customer_no": customer_no, "order_no": order_no, "paper": paper}
    partner_no = tx.execute(_PARTNER_FOR, given).scalar_one_or_none()
    return None if partner_no is None else tx.get(EdiPartner, partner_no)


_LOCATIONS = text("""
SELECT edi_location.code, edi_location.address_id, address.name, address.street, address.postal_code, address.city, address.country
FROM edi_location JOIN address ON address.id = edi_location.address_id
WHERE edi_location.partner_no = :partner_no ORDER BY edi_location.code
""")
_PARTNER_FOR = text("""
SELECT partner.partner_no FROM edi_partner AS partner
LEFT JOIN LATERAL (
  SELECT interchange.partner_no FROM edi_transaction AS told JOIN edi_interchange AS interchange ON interchange.id = told.interchange_id
  WHERE told.reference = ANY (
    SELECT CAST(:order_no AS varchar) UNION SELECT split_of FROM sales_order WHERE order_no = CAST(:order_no AS varchar) AND split_of <> '')
    AND interchange.direction = 'IN' ORDER BY told.id LIMIT 1
) AS origin ON true
WHERE partner.customer_no = :customer_no AND partner.active AND (NOT partner.is_test OR partner.partner_no = origin.partner_no)
  AND (origin.partner_no IS NULL OR origin.partner_no = partner.partner_no)
  AND CASE :paper WHEN 'order_response' THEN partner.sends_order_response WHEN 'despatch_advice' THEN partner.sends_despatch_advice
    WHEN 'invoice' THEN partner.sends_invoice END
ORDER BY partner.partner_no LIMIT 1
""")
