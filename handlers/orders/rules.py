"""The rules of an order: what the checks V01 to V13 look at, and what we answer to whom. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal
from typing import Any

from engine.patterns import fits
from engine.problems import Invalid
from engine.working_time import weekdays
from handlers.catalog.rules import EU
from handlers.countries import COUNTRIES

ZERO = Decimal(0)
#: Codes of UN/ECE Recommendation 20 and everyday words that all mean one piece.
PIECES = frozenset({"EA", "C62", "H87", "PCE", "PCS", "NAR", "XPP"})
#: What is sold by time is a service: nobody carries it anywhere, so no carrier needs the postal code.
_SOLD_BY_TIME = frozenset({"MIN", "HUR", "DAY", "WEE", "MON", "ANN"})
_POSTAL_CODES = {
    "AT": r"\d{4}", "BE": r"\d{4}", "CH": r"\d{4}", "DE": r"\d{5}", "DK": r"\d{4}", "ES": r"\d{5}", "FI": r"\d{5}", "FR": r"\d{5}",
    "GB": r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", "IT": r"\d{5}", "NL": r"\d{4} ?[A-Z]{2}", "NO": r"\d{4}", "PL": r"\d{2}-\d{3}",
    "SE": r"\d{3} ?\d{2}", "US": r"\d{5}(-\d{4})?",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFacts:
    """What the checks look at in a line. `priced` says whether a list or an agreement has a price for it."""

    line_no: int
    sku: str | None
    item_ref: str
    uom: str
    item_uom: str
    qty: Decimal
    sellable: bool = True
    #: Whether it comes from stock or from a supplier; a service does neither.
    deliverable: bool = True
    restricted: bool = False
    substitute_sku: str | None = None
    pack_size: Decimal = Decimal(1)
    moq: Decimal = ZERO
    max_qty: Decimal | None = None
    priced: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFacts:
    """What the checks look at in an order."""

    today: date
    lines: Sequence[LineFacts]
    customer_no: str
    customer_active: bool = True
    account_hold: bool = False
    requires_po: bool = False
    po_pattern: str = ""
    customer_po: str = ""
    ship_to: dict[str, str]
    bill_to_country: str = ""
    requested_date: date | None = None
    currency: str
    currency_allowed: bool = True
    stated_total: Decimal | None = None
    #: The totals that would explain the stated one: net, net with tax, with freight; our prices where the customer states none.
    our_totals: tuple[Decimal, ...] = ()
    total_tolerance: Decimal = Decimal("0.01")
    incoterm: str = ""
    agreed_incoterm: str = ""
    net_total: Decimal | None = None
    min_order_value: Decimal = ZERO
    seller_country: str = ""
    vat_no: str = ""
    vat_no_valid: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A fact that a check found, as text that the table `validation-rules` may name. What it means and who sees to it stands there.

    `check` is V01 to V13 or DUPLICATE_PO, `case` which of its questions was answered; `subject` is what it is about (an item, a customer,
    an address), `given` what the order says, `expected` what it should say, `unit` in what both are counted.
    """

    check: str
    case: str
    line_no: int | None = None
    subject: str = ""
    given: str = ""
    expected: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the table says of a finding. `action`: REPAIR (a task of `owner`), HOLD (the hold `hold`), REFUSE, or NOTE (nothing stops)."""

    action: str
    hold: str = ""
    owner: str = ""
    message: str = ""
    cure: str = ""


ACTIONS = ("REPAIR", "HOLD", "REFUSE", "NOTE")


def read_verdict(finding: Mapping[str, Any], answer: Any) -> Verdict:
    """What was answered to a finding. Raises Invalid for an answer nobody can read."""
    if not isinstance(answer, Mapping) or answer.get("action") not in ACTIONS or not answer.get("message"):
        raise _unreadable(finding, answer, f"a message and one of {', '.join(ACTIONS)}")
    if answer["action"] == "REPAIR" and not answer.get("owner"):
        raise _unreadable(finding, answer, "the group that repairs it")
    if answer["action"] == "HOLD" and not answer.get("hold"):
        raise _unreadable(finding, answer, "which hold it is")
    return Verdict(**{name: str(answer.get(name) or "") for name in ("action", "hold", "owner", "message", "cure")})


def _unreadable(finding: Mapping[str, Any], answer: Any, wanted: str) -> Invalid:
    return Invalid(
        f"The table of validation rules answers {answer!r} to {finding.get('check')} {finding.get('case')}.",
        code="no_verdict",
        next_step=f"Let validation-rules answer {wanted} for this case, then retry.",
    )


def find(order: OrderFacts) -> list[Finding]:
    """Run every check, in the order of their codes."""
    return [finding for check in CHECKS for finding in check(order)]


def _plain(qty: Decimal) -> str:
    return f"{qty.normalize():f}"


def _v01_customer_may_buy(order: OrderFacts) -> Iterator[Finding]:
    if not order.customer_active:
        yield Finding(check="V01", case="NOT_ACTIVE", subject=order.customer_no)
    if order.account_hold:
        yield Finding(check="V01", case="ACCOUNT_HOLD", subject=order.customer_no)


def _v02_purchase_order_number(order: OrderFacts) -> Iterator[Finding]:
    if not order.customer_po:
        if order.requires_po:
            yield Finding(check="V02", case="MISSING", subject=order.customer_no)
    elif order.po_pattern and not fits(order.po_pattern, order.customer_po):
        yield Finding(check="V02", case="PATTERN", subject=order.customer_no, given=order.customer_po)


def _v03_addresses_can_be_used(order: OrderFacts) -> Iterator[Finding]:
    for address, country in (("ship-to", order.ship_to.get("country")), ("bill-to", order.bill_to_country)):
        if country and country not in COUNTRIES:
            yield Finding(check="V03", case="COUNTRY", subject=address, given=country)
    missing = [part for part in ("name", "city", "postal_code", "country") if not order.ship_to.get(part)]
    if missing:
        yield Finding(check="V03", case="INCOMPLETE", subject="ship-to", given=", ".join(missing))
        return
    is_carried = not order.lines or any(line.item_uom not in _SOLD_BY_TIME for line in order.lines)
    pattern = _POSTAL_CODES.get(order.ship_to["country"])
    if is_carried and pattern and not re.fullmatch(pattern, order.ship_to["postal_code"].strip().upper()):
        given, country = order.ship_to["postal_code"], order.ship_to["country"]
        yield Finding(check="V03", case="POSTAL_CODE", subject="ship-to", given=given, expected=country)


def _v04_item_can_be_sold(order: OrderFacts) -> Iterator[Finding]:
    for line in order.lines:
        if line.sku is None:
            yield Finding(check="V04", case="UNKNOWN", line_no=line.line_no, given=line.item_ref)
        elif not line.sellable:
            yield Finding(check="V04", case="RETIRED", line_no=line.line_no, subject=line.sku, expected=line.substitute_sku or "")
        elif not line.deliverable:
            yield Finding(check="V04", case="NOT_DELIVERED", line_no=line.line_no, subject=line.sku)


def _v05_quantity_fits(order: OrderFacts) -> Iterator[Finding]:
    for line in order.lines:
        limits = (
            ("PACK", line.pack_size, line.qty % line.pack_size != 0),
            ("MINIMUM", line.moq, line.qty < line.moq),
            ("MAXIMUM", line.max_qty, line.max_qty is not None and line.qty > line.max_qty),
        )
        for case, limit, is_broken in limits:
            if is_broken and limit is not None:
                given, expected = _plain(line.qty), _plain(limit)
                yield Finding(check="V05", case=case, line_no=line.line_no, subject=line.sku or "", given=given, expected=expected)


def _v06_requested_date(order: OrderFacts) -> Iterator[Finding]:
    wanted = order.requested_date
    if wanted is None:
        return
    if wanted < order.today:
        yield Finding(check="V06", case="PAST", given=wanted.isoformat())
    elif not is_working_day(wanted, order.ship_to.get("country", "")):
        yield Finding(check="V06", case="NO_WORKING_DAY", given=wanted.isoformat())


def _v07_unit_converts(order: OrderFacts) -> Iterator[Finding]:
    for line in order.lines:
        if line.sku is not None and line.uom != line.item_uom:
            yield Finding(check="V07", case="UNIT", line_no=line.line_no, subject=line.sku, given=line.uom, expected=line.item_uom)


def _v08_currency_and_price(order: OrderFacts) -> Iterator[Finding]:
    if not order.currency_allowed:
        yield Finding(check="V08", case="CURRENCY", subject=order.customer_no, given=order.currency)
        return
    for line in order.lines:
        if line.sku is not None and not line.priced:
            yield Finding(check="V08", case="NO_PRICE", line_no=line.line_no, subject=line.sku, given=order.currency)


def _v09_totals_agree(order: OrderFacts) -> Iterator[Finding]:
    if order.stated_total is None or not order.our_totals:
        return
    if all(abs(order.stated_total - ours) > order.total_tolerance for ours in order.our_totals):
        given, expected = str(order.stated_total), str(order.our_totals[-1])
        yield Finding(check="V09", case="TOTAL", given=given, expected=expected, unit=order.currency)


def _v10_terms_match(order: OrderFacts) -> Iterator[Finding]:
    if order.incoterm != order.agreed_incoterm:
        yield Finding(check="V10", case="INCOTERM", given=order.incoterm, expected=order.agreed_incoterm)


def _v11_restricted(order: OrderFacts) -> Iterator[Finding]:
    for line in order.lines:
        if line.restricted and order.ship_to.get("country") != order.seller_country:
            yield Finding(
                check="V11", case="EXPORT", line_no=line.line_no, subject=line.sku or "", given=order.ship_to.get("country") or ""
            )


def _v12_minimum_value(order: OrderFacts) -> Iterator[Finding]:
    if order.net_total is not None and order.net_total < order.min_order_value:
        given, expected = str(order.net_total), str(order.min_order_value)
        yield Finding(check="V12", case="BELOW_MINIMUM", given=given, expected=expected, unit=order.currency)


def _v13_vat_number(order: OrderFacts) -> Iterator[Finding]:
    ship_to = order.ship_to.get("country", "")
    if order.vat_no_valid or ship_to == order.seller_country or ship_to not in EU or order.seller_country not in EU:
        return
    yield Finding(check="V13", case="WRONG" if order.vat_no else "MISSING", subject=order.customer_no, given=order.vat_no)


CHECKS: tuple[Callable[[OrderFacts], Iterable[Finding]], ...] = (
    _v01_customer_may_buy,
    _v02_purchase_order_number,
    _v03_addresses_can_be_used,
    _v04_item_can_be_sold,
    _v05_quantity_fits,
    _v06_requested_date,
    _v07_unit_converts,
    _v08_currency_and_price,
    _v09_totals_agree,
    _v10_terms_match,
    _v11_restricted,
    _v12_minimum_value,
    _v13_vat_number,
)


def is_working_day(day: date, country: str) -> bool:
    """Whether a day is neither a weekend nor a public holiday; an unknown country has no holidays."""
    return weekdays(country, UTC).is_working_day(day)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLine:
    """What we can say about a line: what was asked, and what is promised (nothing, when backordered)."""

    qty: Decimal
    qty_open: Decimal
    qty_promised: Decimal
    requested: date | None
    promised: date | None
    stated_price: Decimal | None
    unit_net: Decimal


def line_code(line: AnswerLine) -> str:
    """Peppol's answer to a line: 5 accepted, 3 changed, 7 not accepted."""
    if not line.qty_open:
        return "7"
    late = line.requested is not None and (line.promised is None or line.promised > line.requested)
    dearer = line.stated_price is not None and line.stated_price != line.unit_net
    return "3" if late or dearer or line.qty_open < line.qty or line.qty_promised < line.qty_open else "5"


def response_code(codes: Sequence[str]) -> str:
    """Peppol's answer to an order: AP accepted, CA accepted with changes, RE rejected."""
    if all(code == "7" for code in codes):
        return "RE"
    return "AP" if all(code == "5" for code in codes) else "CA"
