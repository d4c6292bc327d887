"""The rules of an order: the checks V01 to V13, the catalogue of holds, and what we answer to whom. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal

from engine.patterns import fits
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
class HoldType:
    """What a hold stops, and who may release it."""

    blocks: str
    release_group: str
    sentence: str


#: Stages in the order in which an order passes them; a hold that blocks a stage blocks the later ones too.
STAGES = ("submit", "promise", "release", "ship", "invoice")
HOLDS = {
    "ACCOUNT_HOLD": HoldType(blocks="submit", release_group="credit", sentence="The customer's account is on hold."),
    "FRAUD": HoldType(blocks="submit", release_group="operator", sentence="The order looks fraudulent."),
    "DENIED_PARTY": HoldType(blocks="submit", release_group="operator", sentence="A party is on a sanctions list."),
    "CREDIT_CHECK_FAILURE": HoldType(blocks="promise", release_group="credit", sentence="The credit check failed."),
    "PRICE_DISCREPANCY": HoldType(blocks="release", release_group="deal-desk", sentence="The customer's price differs from ours."),
    "DUPLICATE_PO": HoldType(blocks="release", release_group="order-desk", sentence="The same purchase order was received before."),
    "PREPAYMENT_DUE": HoldType(blocks="release", release_group="credit", sentence="A deposit is to be paid first."),
    "CUSTOMER_REQUEST": HoldType(blocks="release", release_group="order-desk", sentence="The customer asked us to wait."),
    "MANUAL": HoldType(blocks="release", release_group="order-desk", sentence="Somebody asked us to wait."),
    "ADDRESS": HoldType(blocks="ship", release_group="order-desk", sentence="The address cannot be delivered to."),
    "EXPORT_LICENSE": HoldType(blocks="ship", release_group="operator", sentence="An export licence is missing."),
    "TAX": HoldType(blocks="invoice", release_group="order-desk", sentence="The tax cannot be worked out."),
    "BILLING": HoldType(blocks="invoice", release_group="accounts-receivable", sentence="A question about tax or price is open."),
}


def blocks(hold_code: str, stage: str) -> bool:
    """Whether an active hold of this code stops a stage."""
    return STAGES.index(HOLDS[hold_code].blocks) <= STAGES.index(stage)


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
class Issue:
    """What a check found. Severity E stops the order, W does not; a repairable issue goes to the order desk instead of a rejection."""

    code: str
    severity: str
    message: str
    line_no: int | None = None
    repairable: bool = True

    @property
    def cure(self) -> str:
        """What whoever repairs the order does about it."""
        return CURES.get(self.code, "")


#: By check: what the order desk does about it, in the form of the task or with the master data, before the order is checked again.
CURES: Mapping[str, str] = {
    "V01": "Nothing: credit decides on the order.",
    "V02": "Enter the customer's order number below; what it must look like stands in the customer's master data.",
    "V03": "Enter another delivery address below, or correct the customer's address in the master data.",
    "V04": "Enter another item for the line below, or add the item to the master data or set it as sold there.",
    "V05": "Enter another quantity for the line below, agreed with the customer.",
    "V06": "Nothing: the first possible day is promised.",
    "V07": "Say in the master data how many pieces the unit holds, or enter item and quantity for the line below.",
    "V08": "Set the price in the price list, or change the customer's currency in the master data.",
    "V09": "Agree the total with the customer; then let the stated one be ignored below.",
    "V10": "Nothing: what was agreed counts.",
    "V11": "Enter another item or another delivery address below, or reject the order.",
    "V12": "Nothing: the order is taken.",
    "V13": "Correct the VAT number in the customer's master data, or take it out there: then VAT is charged.",
}


def validate(order: OrderFacts) -> list[Issue]:
    """Run every check, in the order of their codes."""
    return [issue for check in CHECKS for issue in check(order)]


def _error(code: str, message: str, line_no: int | None = None) -> Issue:
    return Issue(code=code, severity="E", message=message, line_no=line_no)


def _warning(code: str, message: str, line_no: int | None = None) -> Issue:
    return Issue(code=code, severity="W", message=message, line_no=line_no)


def _v01_customer_may_buy(order: OrderFacts) -> Iterator[Issue]:
    if not order.customer_active:
        yield Issue(code="V01", severity="E", message=f"Customer {order.customer_no} is not active.", repairable=False)
    if order.account_hold:  # the credit check stops it, and credit decides
        yield _warning("V01", f"The account of customer {order.customer_no} is on hold; credit decides on the order.")


def _v02_purchase_order_number(order: OrderFacts) -> Iterator[Issue]:
    if not order.customer_po:
        if order.requires_po:
            yield _error("V02", f"Customer {order.customer_no} requires a purchase order number; the order has none.")
    elif order.po_pattern and not fits(order.po_pattern, order.customer_po):
        yield _error("V02", f"Purchase order number {order.customer_po!r} does not look like one of customer {order.customer_no}.")


def _v03_addresses_can_be_used(order: OrderFacts) -> Iterator[Issue]:
    for address, country in (("ship-to", order.ship_to.get("country")), ("bill-to", order.bill_to_country)):
        if country and country not in COUNTRIES:
            yield _error("V03", f"The country of the {address} address, {country!r}, does not exist; write two letters, such as AT.")
    missing = [part for part in ("name", "city", "postal_code", "country") if not order.ship_to.get(part)]
    if missing:
        yield _error("V03", f"The ship-to address lacks {', '.join(missing)}.")
        return
    is_carried = not order.lines or any(line.item_uom not in _SOLD_BY_TIME for line in order.lines)
    pattern = _POSTAL_CODES.get(order.ship_to["country"])
    if is_carried and pattern and not re.fullmatch(pattern, order.ship_to["postal_code"].strip().upper()):
        yield _error("V03", f"{order.ship_to['postal_code']!r} is no postal code of {order.ship_to['country']}.")


def _v04_item_can_be_sold(order: OrderFacts) -> Iterator[Issue]:
    for line in order.lines:
        if line.sku is None:
            yield _error("V04", f"Item {line.item_ref!r} is unknown.", line.line_no)
        elif not line.sellable:
            offer = f" Offer {line.substitute_sku} instead." if line.substitute_sku else ""
            yield _error("V04", f"Item {line.sku} is not sold any more.{offer}", line.line_no)
        elif not line.deliverable:
            yield _error("V04", f"Item {line.sku} is neither stocked nor shipped by a supplier; order it as a service.", line.line_no)


def _v05_quantity_fits(order: OrderFacts) -> Iterator[Issue]:
    for line in order.lines:
        if line.qty % line.pack_size:
            yield _error("V05", f"{line.qty.normalize():f} is no multiple of the pack of {line.pack_size.normalize():f}.", line.line_no)
        if line.qty < line.moq:
            yield _error("V05", f"{line.qty.normalize():f} is below the minimum of {line.moq.normalize():f}.", line.line_no)
        if line.max_qty is not None and line.qty > line.max_qty:
            yield _error("V05", f"{line.qty.normalize():f} is above the maximum of {line.max_qty.normalize():f}.", line.line_no)


def _v06_requested_date(order: OrderFacts) -> Iterator[Issue]:
    wanted = order.requested_date
    if wanted is None:
        return
    if wanted < order.today:
        yield _warning("V06", f"The requested date {wanted} is past.")
    elif not is_working_day(wanted, order.ship_to.get("country", "")):
        yield _warning("V06", f"{wanted} is no working day at the destination.")


def _v07_unit_converts(order: OrderFacts) -> Iterator[Issue]:
    for line in order.lines:
        if line.sku is not None and line.uom != line.item_uom:
            yield _error("V07", f"Item {line.sku} is not sold in {line.uom}; its unit is {line.item_uom}.", line.line_no)


def _v08_currency_and_price(order: OrderFacts) -> Iterator[Issue]:
    if not order.currency_allowed:
        yield _error("V08", f"Customer {order.customer_no} does not buy in {order.currency}.")
        return
    for line in order.lines:
        if line.sku is not None and not line.priced:
            yield _error("V08", f"Item {line.sku} has no price in {order.currency}.", line.line_no)


def _v09_totals_agree(order: OrderFacts) -> Iterator[Issue]:
    if order.stated_total is None or not order.our_totals:
        return
    if all(abs(order.stated_total - ours) > order.total_tolerance for ours in order.our_totals):
        yield _error("V09", f"The order states a total of {order.stated_total} {order.currency}; its lines come to {order.our_totals[-1]}.")


def _v10_terms_match(order: OrderFacts) -> Iterator[Issue]:
    if order.incoterm != order.agreed_incoterm:
        yield _warning("V10", f"The order asks for {order.incoterm or 'no incoterm'}; agreed is {order.agreed_incoterm}.")


def _v11_restricted(order: OrderFacts) -> Iterator[Issue]:
    for line in order.lines:
        if line.restricted and order.ship_to.get("country") != order.seller_country:
            yield _error("V11", f"Item {line.sku} may not be exported to {order.ship_to.get('country')}.", line.line_no)


def _v12_minimum_value(order: OrderFacts) -> Iterator[Issue]:
    if order.net_total is not None and order.net_total < order.min_order_value:
        yield _warning("V12", f"The order comes to {order.net_total} {order.currency}, below the minimum of {order.min_order_value}.")


def _v13_vat_number(order: OrderFacts) -> Iterator[Issue]:
    ship_to = order.ship_to.get("country", "")
    if order.vat_no_valid or ship_to == order.seller_country or ship_to not in EU or order.seller_country not in EU:
        return
    if order.vat_no:
        yield _error("V13", f"VAT number {order.vat_no} is wrong: correct it, or take it out to charge VAT.")
    else:
        yield _warning("V13", "Without a VAT number the intra-community delivery is charged with VAT.")


CHECKS: tuple[Callable[[OrderFacts], Iterable[Issue]], ...] = (
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
