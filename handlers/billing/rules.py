"""What an invoice comes to: amounts of partial shipments, tax per rate, terms of payment. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType

from handlers.values import round_currency, total

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Billable:
    """Goods of one shipment line: what the whole order line is worth, and how much of it was charged before."""

    qty: Decimal
    qty_ordered: Decimal
    #: The order line's net with its share of the header discount taken off.
    line_worth: Decimal
    qty_invoiced_before: Decimal
    amount_invoiced_before: Decimal


def amount_of(line: Billable, currency: str) -> Decimal:
    """What to charge for a partial quantity.

    It is the worth of everything charged so far less what was charged before, so that the last invoice takes the rounding residue and
    all invoices of the line add up to its worth exactly.
    """
    so_far = line.qty_invoiced_before + line.qty
    return round_currency(line.line_worth * so_far / line.qty_ordered, currency) - line.amount_invoiced_before


@dataclass(frozen=True, slots=True)
class Charge:
    """An amount and how it is taxed."""

    amount: Decimal
    category: str
    rate_pct: Decimal


@dataclass(frozen=True, slots=True)
class TaxGroup:
    """The tax of one category and rate on what a paper charges of one order."""

    category: str
    rate_pct: Decimal
    taxable: Decimal
    tax: Decimal
    order_no: str = ""


TaxKey = tuple[str, Decimal]


def tax_key(category: str, rate_pct: Decimal) -> TaxKey:
    """What makes two charges taxed alike: 20 % and 20.0000 % are one rate."""
    return category, rate_pct.normalize()


@dataclass(frozen=True, slots=True)
class TaxedBefore:
    """What earlier invoices of the order charged at one category and rate, and the tax they took on it."""

    taxable: Decimal = ZERO
    tax: Decimal = ZERO


NOTHING_BEFORE: Mapping[TaxKey, TaxedBefore] = MappingProxyType({})


def taxes(charges: Iterable[Charge], currency: str, before: Mapping[TaxKey, TaxedBefore] = NOTHING_BEFORE, *,
          order_no: str = "") -> list[TaxGroup]:  # fmt: skip
    """The tax by category and rate on charges of one order, rounded once for each group, as EN 16931 asks.

    It is the tax on everything the order was charged so far less the tax taken before: the last invoice takes what rounding left, and
    the invoices of an order come to what the order says. It differs from the invoice's own share by less than the smallest coin for each
    order, and the rules of EN 16931 (BR-CO-17) allow that.
    """
    groups: dict[TaxKey, Decimal] = {}
    for charge in charges:
        key = tax_key(charge.category, charge.rate_pct)
        groups[key] = groups.get(key, ZERO) + charge.amount
    return [
        TaxGroup(category, rate_pct, taxable, _tax((category, rate_pct), taxable, before, currency), order_no)
        for (category, rate_pct), taxable in sorted(groups.items())
    ]


def _tax(key: TaxKey, taxable: Decimal, before: Mapping[TaxKey, TaxedBefore], currency: str) -> Decimal:
    charged = before.get(key, TaxedBefore())
    return round_currency((charged.taxable + taxable) * key[1] / 100, currency) - charged.tax


@dataclass(frozen=True, slots=True)
class OpenAdvance:
    """What of an invoice in advance no invoice of goods has taken off yet, at one category and rate of tax."""

    invoice_no: str
    key: TaxKey
    rest: Decimal


def advance_amounts(worth: Mapping[TaxKey, Decimal], charged: Mapping[TaxKey, Decimal], before: Mapping[TaxKey, Decimal],
                    percent: Decimal, currency: str) -> dict[TaxKey, Decimal]:  # fmt: skip
    """What to charge in advance by category and rate, so that all steps up to this one come to `percent` of the order's worth.

    `before` is what earlier steps charged. Never more than what of the worth no invoice has charged; what is nothing is left out.
    """
    amounts = {
        key: min(round_currency(amount * percent / 100, currency) - before.get(key, ZERO), amount - charged.get(key, ZERO))
        for key, amount in worth.items()
    }
    return {key: amount for key, amount in sorted(amounts.items()) if amount > 0}


def use_advances(charges: Iterable[Charge], advances: Iterable[OpenAdvance]) -> list[tuple[OpenAdvance, Decimal]]:
    """What an invoice of goods takes off: each advance in its turn, never more than is charged at its category and rate."""
    left: dict[TaxKey, Decimal] = {}
    for charge in charges:
        key = tax_key(charge.category, charge.rate_pct)
        left[key] = left.get(key, ZERO) + charge.amount
    used = []
    for advance in advances:
        amount = min(advance.rest, left.get(advance.key, ZERO))
        if amount > 0:
            left[advance.key] -= amount
            used.append((advance, amount))
    return used


@dataclass(frozen=True, slots=True)
class Creditable:
    """What of a line may be credited, net, and the rate of its tax."""

    left: Decimal
    rate_pct: Decimal


def spread_credit(
    lines: Sequence[Creditable], gross: Decimal, gross_of: Callable[[Sequence[Decimal]], Decimal], coin: Decimal
) -> list[Decimal]:
    """The net amount of each line that together, with their tax, come to `gross` or as near below it as cents allow.

    Each line gives the share of it that is asked of all. `gross_of` says what net amounts come to with tax, as the paper will.
    """
    whole = total(line.left * (1 + line.rate_pct / 100) for line in lines)
    if not lines or gross <= 0 or gross > whole:
        return []
    nets = [min(line.left, line.left * gross / whole).quantize(coin) for line in lines]
    largest_first = sorted(range(len(lines)), key=lambda place: -lines[place].left)
    while gross_of(nets) > gross:
        place = next(each for each in largest_first if nets[each] > 0)
        nets[place] -= coin
    for place in largest_first:
        while nets[place] + coin <= lines[place].left and gross_of([*nets[:place], nets[place] + coin, *nets[place + 1 :]]) <= gross:
            nets[place] += coin
    return nets


def freight_tax(charges: Iterable[Charge]) -> TaxKey:
    """How the carriage of an order is taxed: like the goods of the highest value in all of it, whichever are shipped first."""
    worth: dict[TaxKey, Decimal] = {}
    for charge in charges:
        key = tax_key(charge.category, charge.rate_pct)
        worth[key] = worth.get(key, ZERO) + charge.amount
    return max(worth, key=lambda key: (worth[key], key)) if worth else ("S", ZERO)


def outside_vat(category: str) -> bool:
    """Whether a charge is not subject to VAT at all. Such charges share no invoice with others (EN 16931 BR-O-11 to BR-O-14)."""
    return category == "O"


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms of payment: 2 % within 10 days, net 30 is Terms(30, Decimal(2), 10)."""

    net_days: int
    discount_pct: Decimal = ZERO
    discount_days: int = 0


@dataclass(frozen=True, slots=True)
class Schedule:
    """When an invoice is due, and what may be taken off until when."""

    due_date: date
    discount_date: date | None
    discount_amount: Decimal


def schedule(terms: Terms, invoice_date: date, gross: Decimal, currency: str) -> Schedule:
    """When to pay. A due date on a weekend moves to the following Monday; the discount date stays."""
    due = next_working_day(invoice_date + timedelta(days=terms.net_days))
    if not terms.discount_pct or not terms.discount_days:
        return Schedule(due, None, ZERO)
    return Schedule(due, invoice_date + timedelta(days=terms.discount_days), round_currency(gross * terms.discount_pct / 100, currency))


@dataclass(frozen=True, slots=True)
class TermPart:
    """A part of an invoice as the table of payment terms says it: a share in percent or an amount, and when it is due.

    `due_from` is INVOICE, DELIVERY or END_OF_MONTH (of the invoice), and `days` after it. The last part is whatever is left.
    """

    share_pct: Decimal
    amount: Decimal
    due_from: str
    days: Decimal


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an invoice, and the day it is due."""

    due_date: date
    amount: Decimal


def instalments(parts: Sequence[TermPart], invoice_date: date, delivery_date: date, gross: Decimal, currency: str) -> list[Part]:
    """The instalments of an invoice in the order they are due; rounding stays with the last, and no part is beyond what is left.

    Parts of one day are one. A single one is no instalment: the invoice is due on that day.
    """
    bases = {"INVOICE": invoice_date, "DELIVERY": delivery_date, "END_OF_MONTH": _day_of_month(invoice_date, _LAST_DAY)}
    dated = sorted((next_working_day(bases[part.due_from] + timedelta(days=int(part.days))), place) for place, part in enumerate(parts))
    left = gross
    found: dict[date, Decimal] = {}
    for number, (due, place) in enumerate(dated, start=1):
        part = parts[place]
        wanted = left if number == len(dated) else part.amount or round_currency(gross * part.share_pct / 100, currency)
        taken = min(wanted, left)
        left -= taken
        if taken:
            found[due] = found.get(due, ZERO) + taken
    return [Part(due, amount) for due, amount in found.items()]


_LAST_DAY = 31


def next_working_day(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    return day + timedelta(days=7 - day.weekday()) if day.weekday() >= _SATURDAY else day


_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Cycle:
    """When and how a customer is billed for several deliveries: the decision on grouping says it.

    `day` is the weekday (1 Monday to 7 Sunday) of a weekly cycle, the day of the month of a monthly one (31 is the last of any), and
    nothing where each shipment is billed alone.
    """

    name: str
    day: int = 0
    by_purchase_order: bool = False
    by_ship_to: bool = False

    def due_on(self, billable_on: date) -> date:
        """The first day of the cycle on or after the day from which a delivery may be billed."""
        if self.name == "WEEKLY":
            return billable_on + timedelta(days=(self.day - billable_on.isoweekday()) % 7)
        if self.name == "MONTHLY":
            this = _day_of_month(billable_on, self.day)
            return this if this >= billable_on else _day_of_month(_first_of_next(billable_on), self.day)
        return billable_on


def _first_of_next(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _day_of_month(month: date, day: int) -> date:
    last = (_first_of_next(month) - timedelta(days=1)).day
    return month.replace(day=min(day, last))


@dataclass(frozen=True, slots=True)
class Revenue:
    """The totals of an invoice."""

    net: Decimal
    freight: Decimal
    tax: Decimal

    @property
    def gross(self) -> Decimal:
        """What the customer owes."""
        return self.net + self.freight + self.tax


def revenue(goods: Iterable[Charge], freight: Decimal, groups: Iterable[TaxGroup]) -> Revenue:
    """Add up an invoice."""
    return Revenue(total(charge.amount for charge in goods), freight, total(group.tax for group in groups))


def describe_instalments(parts: Sequence[Part], currency: str) -> str:
    """Payment in parts in one sentence."""
    shown = "; ".join(f"{round_currency(part.amount, currency):f} {currency} by {part.due_date}" for part in parts)
    return f"Payable without deduction in {len(parts)} instalments: {shown}."


def describe_terms(terms: Terms, due: Schedule, currency: str) -> str:
    """The terms of payment in one sentence."""
    if due.discount_date is None:
        return f"Payable by {due.due_date} without deduction."
    percentage = f"{terms.discount_pct.normalize():f}"
    return (
        f"{percentage} % discount ({due.discount_amount:.2f} {currency}) when paid by {due.discount_date}; "
        f"payable by {due.due_date} without deduction."
    )
