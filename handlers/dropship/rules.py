"""Which supplier, at which margin; what an acknowledgement changes; whether a bill matches. Pure: thresholds are in the decision tables."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from handlers.catalog.rules import tax_treatment
from handlers.values import percent, round_currency, total

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a supplier asks for one line of a group, in the currency of the books, beside what the line sells for."""

    supplier_no: str
    qty: Decimal
    unit_cost: Decimal
    net: Decimal
    margin_floor_pct: Decimal
    lead_days: int
    rank: int
    moq: Decimal


@dataclass(frozen=True, slots=True)
class Candidate:
    """A supplier for the whole group."""

    supplier_no: str
    rank: int
    cost: Decimal
    net: Decimal
    lead_days: int
    margin_gap: Decimal

    @property
    def margin_pct(self) -> Decimal:
        """What is left of the sale, in percent."""
        return percent(self.net - self.cost, self.net)


def candidates(offers: Iterable[Offer], lines: int, freight: dict[str, Decimal]) -> list[Candidate]:
    """Suppliers that offer every line in a quantity they sell, the best first: rank, cost, lead time, number."""
    by_supplier: dict[str, list[Offer]] = {}
    for offer in offers:
        if offer.qty >= offer.moq:
            by_supplier.setdefault(offer.supplier_no, []).append(offer)
    found = [_candidate(number, given, freight.get(number, ZERO)) for number, given in by_supplier.items() if len(given) == lines]
    return sorted(found, key=lambda one: (one.rank, one.cost, one.lead_days, one.supplier_no))


def _candidate(supplier_no: str, offers: Sequence[Offer], freight: Decimal) -> Candidate:
    gaps = [percent(offer.net - offer.unit_cost * offer.qty, offer.net) - offer.margin_floor_pct for offer in offers]
    return Candidate(
        supplier_no=supplier_no,
        rank=max(offer.rank for offer in offers),
        cost=total(offer.unit_cost * offer.qty for offer in offers) + freight,
        net=total(offer.net for offer in offers),
        lead_days=max(offer.lead_days for offer in offers),
        margin_gap=min(gaps),
    )


@dataclass(frozen=True, slots=True)
class Answered:
    """A purchase order line and what the supplier says of it."""

    qty: Decimal
    unit_price: Decimal
    said_qty: Decimal
    said_price: Decimal
    said_ship: date | None


@dataclass(frozen=True, slots=True)
class AckFacts:
    """What an acknowledgement changes. An "accepted" that changes something is conditional, whatever it calls itself."""

    code: str
    days_late: int
    price_change_pct: Decimal
    qty_short: Decimal


def ack_facts(code: str, lines: Sequence[Answered], requested_ship: date) -> AckFacts:
    """The worst change over all lines. An answer that ships nothing at all is a rejection, whatever it calls itself."""
    days_late = max([0, *((line.said_ship - requested_ship).days for line in lines if line.said_ship)])
    price_change = max([ZERO, *(percent(line.said_price - line.unit_price, line.unit_price) for line in lines)])
    qty_short = total(line.qty - line.said_qty for line in lines)
    if code == "RE" or not any(line.said_qty for line in lines):
        return AckFacts("RE", 0, ZERO, total(line.qty for line in lines))
    changed = bool(days_late or price_change or qty_short)
    return AckFacts("CA" if changed else code, days_late, price_change, qty_short)


@dataclass(frozen=True, slots=True)
class Billed:
    """A line of a supplier's bill beside what was agreed, received and billed before.

    `own_tax_pct` is the rate that our own tax rates ask for; what the supplier calls its rate is no yardstick.
    """

    qty: Decimal
    unit_price: Decimal
    own_tax_pct: Decimal
    amount: Decimal
    ordered_qty: Decimal
    ordered_price: Decimal
    received: Decimal
    billed_before: Decimal


@dataclass(frozen=True, slots=True)
class BillTotals:
    """The foot of a supplier's bill. Freight is taxed as the goods are, at the highest of their rates."""

    tax: Decimal
    gross: Decimal
    currency: str
    freight: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class MatchFacts:
    """What the three-way match decides on. Unfavourable differences are positive."""

    price_var_pct: Decimal
    price_var_amount: Decimal
    qty_over_received: Decimal
    qty_over_ordered: Decimal
    amount_off: Decimal
    #: What the bill should come to with tax, at the ordered prices.
    expected_total: Decimal
    tax_off: Decimal
    duplicate: bool
    received: bool
    #: Nothing is to come of the order any more.
    order_cancelled: bool


def match_facts(lines: Sequence[Billed], totals: BillTotals, *, duplicate: bool, order_cancelled: bool = False) -> MatchFacts:
    """Order against receipt against bill."""
    dearer = [line for line in lines if line.unit_price > line.ordered_price]
    expected = total(round_currency(line.qty * line.ordered_price * (1 + line.own_tax_pct / 100), totals.currency) for line in lines)
    own_tax = total(round_currency(line.amount * line.own_tax_pct / 100, totals.currency) for line in lines)
    own_tax += round_currency(totals.freight * max(line.own_tax_pct for line in lines) / 100, totals.currency)
    return MatchFacts(
        price_var_pct=max([ZERO, *(percent(line.unit_price - line.ordered_price, line.ordered_price) for line in lines)]),
        price_var_amount=round_currency(total((line.unit_price - line.ordered_price) * line.qty for line in dearer), totals.currency),
        qty_over_received=total(max(ZERO, line.billed_before + line.qty - line.received) for line in lines),
        qty_over_ordered=total(max(ZERO, line.billed_before + line.qty - line.ordered_qty) for line in lines),
        amount_off=abs(totals.gross - expected),
        expected_total=expected,
        tax_off=abs(totals.tax - own_tax),
        duplicate=duplicate,
        received=any(line.received > line.billed_before for line in lines),
        order_cancelled=order_cancelled,
    )


def purchase_tax(category: str, supplier_country: str, our_country: str, *, vat_no_valid: bool) -> tuple[str, str] | None:
    """The tax category and the country whose rate a supplier charges us; None when it charges no tax (we owe it, or customs do)."""
    if supplier_country == our_country:
        return category, our_country
    applied, country = tax_treatment(category, supplier_country, our_country, vat_no_valid=vat_no_valid)
    return (applied, country) if applied == category and country == supplier_country else None


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a bill is posted, in its own currency."""

    accrued: Decimal
    variance: Decimal


def settle(lines: Sequence[Billed], net: Decimal, currency: str) -> Settlement:
    """What of a bill is for goods ordered at the ordered price, accrued when they are received; the rest is price variance."""
    accrued = total(
        round_currency(max(ZERO, min(line.qty, line.ordered_qty - line.billed_before)) * line.ordered_price, currency) for line in lines
    )
    return Settlement(accrued, net - accrued)


@dataclass(frozen=True, slots=True)
class Terms:
    """When a supplier wants to be paid, and what it gives for paying early."""

    net_days: int
    discount_pct: Decimal
    discount_days: int


@dataclass(frozen=True, slots=True)
class Due:
    """What the terms make of a bill: when it is due, until when how much may be taken off, and when we pay."""

    due_date: date
    discount_date: date | None
    discount_amount: Decimal
    pay_on: date


def due(terms: Terms, invoice_date: date, gross: Decimal, currency: str, today: date) -> Due:
    """Pay on the last day of the discount while that is still to come, else on the due date; never in the past."""
    due_date = invoice_date + timedelta(days=terms.net_days)
    amount = round_currency(gross * terms.discount_pct / 100, currency)
    if not amount:
        return Due(due_date, None, ZERO, max(due_date, today))
    discount_date = invoice_date + timedelta(days=terms.discount_days)
    return Due(due_date, discount_date, amount, discount_date if today <= discount_date else max(due_date, today))


@dataclass(frozen=True, slots=True)
class Payment:
    """How the payment of a bill is split, in its own currency: what leaves the bank, and the discount with the tax inside it."""

    paid: Decimal
    discount: Decimal
    discount_tax: Decimal


def payment(gross: Decimal, tax: Decimal, discount: Decimal, currency: str) -> Payment:
    """A discount takes back its share of the input tax."""
    discount_tax = round_currency(discount * tax / gross, currency) if gross else ZERO
    return Payment(gross - discount, discount - discount_tax, discount_tax)


@dataclass(frozen=True, slots=True)
class Agreed:
    """A line of an agreed purchase order: what the supplier is to deliver, has despatched (booked or not), delivered and billed."""

    agreed: Decimal
    despatched: Decimal
    received: Decimal
    billed: Decimal
    ship: date


def waits_for(lines: Sequence[Agreed]) -> str:
    """What an agreed order waits for: GOODS, a BILL, or NOTHING any more."""
    if any(line.received < line.agreed for line in lines):
        return "GOODS"
    return "BILL" if any(line.billed < line.received for line in lines) else "NOTHING"


@dataclass(frozen=True, slots=True)
class BillPatience:
    """In how many days after the goods a supplier's bill is expected, and how many it has after a reminder."""

    first: int
    again: int


def patience(lines: Sequence[Agreed], today: date, reminders: int, bill: BillPatience) -> int:
    """In how many days to ask the supplier.

    For goods the day after the latest promised despatch, a day at least; for a bill as long as is ours to choose, less once it was
    reminded: what was received and is not billed is a debt that somebody must ask for.
    """
    if waits_for(lines) == "BILL":
        return bill.again if reminders else bill.first
    late = [line.ship for line in lines if line.received < line.agreed]
    return max([1, *((ship - today).days + 1 for ship in late)])


def least_agreed(line: Agreed, wanted: Decimal) -> Decimal:
    """What stays agreed when less is wanted: never less than is on its way, delivered or billed already."""
    return min(line.agreed, max(wanted, line.despatched, line.received, line.billed))
