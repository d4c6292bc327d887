"""What a journal entry is and when it may be posted. Pure: no database."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from engine.problems import Invalid
from handlers.ledger.accounts import NUMBERS, PARTY_ACCOUNTS
from handlers.ledger.events import accounts_of

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Line:
    """One line, in the entry's currency. `reference` ties it to what it is about (a fulfilment line, an invoice).

    `accounted` states the signed amount in the currency of the books where the exchange rate does not give it (a realised difference).
    """

    account: str
    debit: Decimal = ZERO
    credit: Decimal = ZERO
    party_no: str | None = None
    reference: str | None = None
    accounted: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One business event to post. The same (event_type, source_id, sequence) is posted once, whatever happens.

    `gl_date` None means today by the database's clock; `fx_rate` None means the rate on file (1 in the currency of the books).
    """

    event_type: str
    source_id: str
    currency: str
    lines: Sequence[Line]
    sequence: int = 1
    gl_date: date | None = None
    fx_rate: Decimal | None = None
    narration: str = ""


def debit(account: str, amount: Decimal, *, party_no: str | None = None, reference: str | None = None) -> Line:
    """A debit line; a negative amount becomes a credit, so that no line is ever negative."""
    if amount < 0:
        return Line(account, credit=-amount, party_no=party_no, reference=reference)
    return Line(account, debit=amount, party_no=party_no, reference=reference)


def credit(account: str, amount: Decimal, *, party_no: str | None = None, reference: str | None = None) -> Line:
    """A credit line; a negative amount becomes a debit."""
    return debit(account, -amount, party_no=party_no, reference=reference)


def check_entry(entry: Entry) -> None:
    """Refuse an entry that is empty, unbalanced, negative, or names no party where one is needed. Raises Invalid."""
    if not entry.lines:
        raise Invalid(
            f"{_name(entry)} has no lines.", code="journal_empty", next_step="Post at least one debit and one credit of the same amount."
        )
    for line in entry.lines:
        _check_line(entry, line)
    debits = sum((line.debit for line in entry.lines), ZERO)
    credits_ = sum((line.credit for line in entry.lines), ZERO)
    if debits != credits_:
        raise Invalid(
            f"{_name(entry)} does not balance: debits {debits} and credits {credits_} {entry.currency}.",
            code="journal_unbalanced",
            next_step="Correct the amounts so that debits equal credits; nothing was posted.",
        )


def _check_line(entry: Entry, line: Line) -> None:
    if not all(isinstance(amount, Decimal) and amount.is_finite() for amount in (line.debit, line.credit)):
        raise Invalid(
            f"{_name(entry)} has an amount on {line.account} that is no exact decimal: {line.debit!r}, {line.credit!r}.",
            code="journal_amount",
            next_step="Use Decimal amounts, rounded to the currency.",
        )
    if line.debit < 0 or line.credit < 0 or (line.debit and line.credit):
        raise Invalid(
            f"{_name(entry)} has debit {line.debit} and credit {line.credit} on {line.account}.",
            code="journal_amount",
            next_step="Give each line either a debit or a credit, never negative.",
        )
    if line.account not in NUMBERS:
        raise Invalid(
            f"{_name(entry)} names account {line.account}, which is not in the chart.",
            code="account_unknown",
            next_step="Use an account of handlers/ledger/accounts.py.",
        )
    if line.account in PARTY_ACCOUNTS and not line.party_no:
        raise Invalid(
            f"{_name(entry)} has a line on control account {line.account} without a party.",
            code="journal_party_missing",
            next_step="Name the customer or supplier on every receivable and payable line.",
        )
    allowed = accounts_of(entry.event_type)
    if allowed is not None and line.account not in allowed:
        raise Invalid(
            f"{_name(entry)} names account {line.account}, which is none of its event's.",
            code="journal_account",
            next_step="Use an account of the event, or name the account among the event's in handlers/ledger/events.py.",
        )


def _name(entry: Entry) -> str:
    return f"Journal {entry.event_type} of {entry.source_id}"


def in_books_currency(lines: Sequence[Line], rate: Decimal, smallest: Decimal) -> list[Decimal]:
    """The signed amount of each line in the currency of the books, debit positive; they add up to zero.

    Rounding leaves at most a few cents; the largest converted line takes them, so that both currencies balance.
    """
    signed = [
        line.accounted if line.accounted is not None else ((line.debit - line.credit) * rate).quantize(smallest, rounding="ROUND_HALF_UP")
        for line in lines
    ]
    residue = sum(signed, ZERO)
    converted = [index for index, line in enumerate(lines) if line.accounted is None]
    if rate != 1 and converted and abs(residue) <= smallest * len(lines):
        largest = max(converted, key=lambda index: abs(signed[index]))
        signed[largest] -= residue
    return signed


def mirror(lines: Iterable[Line]) -> list[Line]:
    """The same lines on the other side."""
    return [
        replace(line, debit=line.credit, credit=line.debit, accounted=None if line.accounted is None else -line.accounted) for line in lines
    ]


def merged(lines: Iterable[Line]) -> list[Line]:
    """Lines of the same account, side, party and reference added together; empty ones dropped. The order of first appearance stays."""
    sums: dict[tuple[str, bool, str | None, str | None], Decimal] = defaultdict(lambda: ZERO)
    for line in lines:
        sums[line.account, line.debit > 0, line.party_no, line.reference] += line.debit + line.credit
    return [
        Line(account, debit=amount if is_debit else ZERO, credit=ZERO if is_debit else amount, party_no=party_no, reference=reference)
        for (account, is_debit, party_no, reference), amount in sums.items()
        if amount
    ]


def digest(entry: Entry) -> str:
    """A fingerprint of what is posted, so that a repeat with other content is noticed."""
    rows = sorted(
        f"{line.account}|{line.debit.normalize():f}|{line.credit.normalize():f}|{line.party_no or ''}|{line.reference or ''}"
        for line in entry.lines
    )
    return hashlib.sha256("\n".join([entry.currency, *rows]).encode()).hexdigest()


def next_open_day(wanted: date, closed: Iterable[tuple[date, date]]) -> date:
    """The first day from `wanted` on that lies in no closed period."""
    day = wanted
    for starts_on, ends_on in sorted(closed):
        if starts_on <= day <= ends_on:
            day = ends_on + timedelta(days=1)
    return day
