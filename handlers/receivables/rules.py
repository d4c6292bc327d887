"""Which invoices a payment names, what it covers, and how a difference is settled. Pure; decision tables say what to do with it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import accumulate
from typing import Any

from stdnum import iso11649

from handlers.values import round_currency, total

ZERO = Decimal(0)
#: Days said when no discount is offered: later than any grace.
NO_DISCOUNT = 9999
_SEPARATOR = r"[\s\-./]{0,3}"
#: A number as a payer may write it; `tail` is what could be its rest after a blank or a break of the line.
_INVOICE = re.compile(
    rf"(?<![A-Z0-9])(?P<series>INV|DM|LC){_SEPARATOR}(?P<digits>\d{{1,9}})(?!\d)(?P<tail>\s{{1,3}}\d{{1,9}}(?!\d))?", re.IGNORECASE
)
#: A creditor reference (ISO 11649) as it is printed: RF, two check digits, and up to 21 characters in groups.
_CREDITOR_REFERENCE = re.compile(r"(?<![A-Z0-9])RF\d{2}(?:[ \n]?[A-Z0-9]){1,21}", re.IGNORECASE)
_REFERENCE_BODY = re.compile(r"INV0*([1-9]\d{0,8})")
#: The digits our numbers are printed with; a number above 999,999 has more, and then no zero in front.
_PRINTED = 6


@dataclass(frozen=True, slots=True)
class Named:
    """The invoices a payer named: those written whole, and those that may be meant, for which another witness is needed."""

    sure: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()


def names_it(line: Any, number: str) -> bool:
    """Whether a number stands in what is written of an entry of the bank, whole: not as a part of a longer one."""
    written = " ".join((line["remittance"], *line["structured_refs"])).upper()
    return bool(number) and re.search(rf"(?<![A-Z0-9]){re.escape(number.upper())}(?![A-Z0-9])", written) is not None


def named_invoices(texts: Sequence[str]) -> Named:
    """The invoice numbers a payer wrote, however they were written, each once and in order.

    Banks break what was written after 27 or 35 characters, so `INV-00002` before a break or a blank and `5` behind it may be INV-000025.
    A number is sure when it is as we print it, or short (`inv 7`) with nothing behind it that could belong to it. Debit notes (DM) and late
    charges (LC) are named only as we print them: their letters mean much else.
    """
    sure: dict[str, None] = {}
    possible: dict[str, None] = {}
    for given in texts:
        plain = given.replace("\u00a0", " ")
        references, rest = _creditor_references(plain)
        sure.update(references)
        for match in _INVOICE.finditer(rest):
            series, digits, tail = match["series"].upper(), match["digits"], (match["tail"] or "").strip()
            if series != "INV" and not _is_whole(digits):
                continue
            whole = _is_whole(digits) or not (tail or digits.startswith("0"))
            (sure if whole else possible).update(_number(digits, series))
            possible.update(_number(digits + tail, series))
    return Named(tuple(sure), tuple(number for number in possible if number not in sure))


def _is_whole(digits: str) -> bool:
    """Whether these are all digits of a number as we print it: six with a zero in front cannot be the beginning of a longer one."""
    return len(digits) == _PRINTED and digits.startswith("0")


def _number(digits: str, series: str = "INV") -> dict[str, None]:
    """The number of these digits, if we could have printed it."""
    number = int(digits)
    longer = len(digits) > max(_PRINTED, len(str(number)))
    return {} if not number or longer else {f"{series}-{number:0{_PRINTED}d}": None}


def _creditor_references(written: str) -> tuple[dict[str, None], str]:
    """The invoices of valid creditor references, and the text without anything that looks like one.

    Groups behind a reference may not belong to it: the longest beginning whose check digits are right is the reference.
    """
    found: dict[str, None] = {}
    rest = written
    for match in _CREDITOR_REFERENCE.finditer(written):
        groups = match.group().upper().split()
        for last in range(len(groups), 0, -1):
            reference = "".join(groups[:last])
            body = _REFERENCE_BODY.fullmatch(reference[4:])
            if body and iso11649.is_valid(reference):
                found.update(_number(body[1]))
                break
        rest = rest.replace(match.group(), " ; ")
    return found, rest


@dataclass(frozen=True, slots=True)
class Item:
    """An open item as matching sees it."""

    invoice_no: str
    party_no: str
    customer_class: str
    currency: str
    open_amount: Decimal
    discount_date: date | None
    discount_amount: Decimal
    due_date: date | None = None
    document_date: date | None = None
    #: The customer who pays for its customer, where another one does.
    paid_by: str | None = None
    #: What is open of it by the day it is due: more than one where it is owed in instalments.
    parts: Sequence[Decimal] = ()


@dataclass(frozen=True, slots=True)
class Cash:
    """A receipt as matching sees it, with the invoices it names, and those it may mean."""

    receipt_no: str
    amount: Decimal
    currency: str
    received_on: date
    named: Sequence[str]
    possible: Sequence[str] = ()
    #: The customer whose account it came from; None when that is not known.
    paid_from: str | None = None
    #: The customer it came from, how that is known, and what was written.
    customer_no: str | None = None
    recognised_by: str = ""
    text: str = ""
    #: Whether it is agreed with the customer that its money goes to what is due first.
    oldest_first: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """A receipt for an invoice. `difference` is what stays open after it: positive when it is short, negative when it is over."""

    receipt_no: str
    invoice_no: str
    rule: str
    amount: Decimal
    difference: Decimal
    open_amount: Decimal
    days_after_discount_date: int
    discount_available: Decimal
    customer_class: str
    #: What of `difference` are instalments of which nothing is paid: they are no remainder of a payment.
    unpaid_instalments: Decimal = ZERO


def match(cash: Sequence[Cash], items: Mapping[str, Item]) -> list[Match]:
    """Match receipts by the invoices they name, in order; a receipt before it may have paid a part. Nothing is guessed.

    A number that may be only a part of what was written counts when a second witness agrees: the amount, or the account it came from.
    """
    left = {number: item.open_amount for number, item in items.items()}
    found: list[Match] = []
    for one in cash:
        named = _open(one, one.named, items, left)
        if not one.named:
            meant = [item for item in _open(one, one.possible, items, left) if _is_witnessed(one, item, left[item.invoice_no])]
            named = meant if len(meant) == 1 else []
        matches = _single(one, named[0], left) if len(named) == 1 else _several(one, named, left)
        for each in matches:
            left[each.invoice_no] = max(ZERO, left[each.invoice_no] - each.amount)
        found += matches
    return found


def _open(cash: Cash, numbers: Sequence[str], items: Mapping[str, Item], left: Mapping[str, Decimal]) -> list[Item]:
    found = (items[number] for number in numbers if number in items)
    return [item for item in found if item.currency == cash.currency and left[item.invoice_no] > 0]


def _is_witnessed(cash: Cash, item: Item, open_amount: Decimal) -> bool:
    return cash.paid_from == item.party_no or cash.amount in {open_amount, open_amount - discount_available(item, open_amount)}


def _single(cash: Cash, item: Item, left: Mapping[str, Decimal]) -> list[Match]:
    open_amount = left[item.invoice_no]
    difference = open_amount - cash.amount
    exact = not difference or difference == discount_available(item, open_amount) or cash.amount in accumulate(item.parts)
    rule = "M1" if exact else rule_of(difference, open_amount)
    return [match_of(cash, item, open_amount, rule)]


def _several(cash: Cash, named: Sequence[Item], left: Mapping[str, Decimal]) -> list[Match]:
    """A remittance over several invoices: only when they add up to the receipt, in full or each less its discount."""
    if not named:
        return []
    full = {item.invoice_no: left[item.invoice_no] for item in named}
    reduced = {number: amount - discount_available(item, amount) for (number, amount), item in zip(full.items(), named, strict=True)}
    for amounts in (full, reduced):
        if total(amounts.values()) == cash.amount:
            return [match_of(replace(cash, amount=amounts[item.invoice_no]), item, left[item.invoice_no], "M2") for item in named]
    return []


def match_of(cash: Cash, item: Item, open_amount: Decimal, rule: str) -> Match:
    """All of a receipt for an invoice of which so much is open."""
    late = (cash.received_on - item.discount_date).days if item.discount_date else NO_DISCOUNT
    available = discount_available(item, open_amount)
    difference = open_amount - cash.amount
    known = (cash.receipt_no, item.invoice_no, rule, cash.amount, difference, open_amount, late, available, item.customer_class)
    return Match(*known, unpaid_instalments=untouched(item.parts, difference))


def untouched(parts: Sequence[Decimal], difference: Decimal) -> Decimal:
    """What of an amount that stays open are whole instalments: money pays what is due first, so they are the last ones.

    The first that is open is none of them: it is what the payment was for.
    """
    return max((sums for sums in accumulate(reversed(parts[1:])) if sums <= difference), default=ZERO)


def discount_available(item: Item, open_amount: Decimal) -> Decimal:
    """The discount offered, while nothing was paid on the invoice."""
    return item.discount_amount if item.discount_date and open_amount == item.open_amount else ZERO


def rule_of(difference: Decimal, open_amount: Decimal) -> str:
    """The name of the rule: M3 a small difference, M4 short, M5 over."""
    if abs(difference) <= min(Decimal(5), open_amount / 200):
        return "M3"
    return "M4" if difference > 0 else "M5"


@dataclass(frozen=True, slots=True)
class Split:
    """How a receipt is used on an invoice."""

    cash: Decimal
    discount: Decimal = ZERO
    discount_tax: Decimal = ZERO
    #: A small difference: an expense when the invoice was paid short, income when it was paid over.
    written_off: Decimal = ZERO
    income: Decimal = ZERO
    on_account: Decimal = ZERO

    @property
    def settles(self) -> Decimal:
        """What it takes off the invoice."""
        return self.cash + self.discount + self.discount_tax + self.written_off


@dataclass(frozen=True, slots=True)
class Owed:
    """What an invoice is owed when a receipt is applied."""

    open_amount: Decimal
    original: Decimal
    tax_amount: Decimal
    discount_amount: Decimal
    currency: str


#: What a decision may say; the rest is refused.
ACTIONS = frozenset({"APPLY", "WRITE_OFF", "EARNED_DISCOUNT", "UNEARNED_DISCOUNT", "PARTIAL", "DEDUCTION", "ON_ACCOUNT"})


def split(action: str, amount: Decimal, owed: Owed) -> Split:
    """How an action uses a receipt. Whatever it says, no more than what is open is settled, and no discount beyond what was offered."""
    cash = min(amount, owed.open_amount)
    short, over = owed.open_amount - cash, amount - cash
    if action == "ON_ACCOUNT":
        return Split(cash, on_account=over) if over else Split(ZERO, on_account=amount)
    if action == "WRITE_OFF":
        return Split(cash, written_off=short, income=over)
    if action in {"EARNED_DISCOUNT", "UNEARNED_DISCOUNT"}:
        taken = min(short, owed.discount_amount)
        tax = round_currency(taken * owed.tax_amount / owed.original, owed.currency) if owed.original else ZERO
        return Split(cash, discount=taken - tax, discount_tax=tax)
    return Split(cash)
