"""What every format of a bank's file is read into, and the control totals that each has to keep. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from engine.problems import Invalid, TooLarge
from handlers.identifiers import day, folded

#: The most entries taken from one statement, and the most statements from one file.
MOST_ENTRIES: Final = 50_000
MOST_STATEMENTS: Final = 100
MOST_BYTES: Final = 20_000_000
_MOST: Final = Decimal(10) ** 14
_DECIMALS: Final = 4
#: What banks write where they have no reference.
_NO_REFERENCE: Final = frozenset({"NOTPROVIDED", "NONREF", "NOREF", "NOTAVAILABLE", "NOTPROVIDEDNOTPROVIDED"})
ASK_BANK: Final = "Ask the bank for the file again, as camt.053 (versions 2 to 8), MT940, BAI2, or a CSV file with a layout of yours."


@dataclass(frozen=True, slots=True)
class BankEntry:
    """One booked movement; money in is positive."""

    bank_ref: str
    amount: Decimal
    currency: str
    booked_on: date
    value_on: date
    payer_name: str
    payer_iban: str
    structured_refs: tuple[str, ...]
    #: What the payer wrote, line by line as the bank broke it.
    remittance: str
    reversal: bool
    #: The bank's code of the transaction: domain, family and sub-family (ISO 20022 external codes), or its own.
    transaction_code: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """One account's statement. `faults` says in words why it cannot be trusted; none means that it balances."""

    account: str
    bank_ref: str
    currency: str
    opening: Decimal
    closing: Decimal
    opened_on: date
    closed_on: date
    entries: tuple[BankEntry, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """What a bank says before its statement does: entries of the day (camt.052) or single ones with their details (camt.054).

    It is never booked: the statement that follows has the same entries.
    """

    account: str
    bank_ref: str
    #: The message it came in: camt.052 or camt.054.
    message: str
    entries: tuple[BankEntry, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A part of a file that could not be taken, as `where` names it, why, and what to do. The rest goes on."""

    where: str
    detail: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What a bank's file holds: statements to book, notices that announce, and what could not be read."""

    format: str
    statements: tuple[Statement, ...] = ()
    notices: tuple[Notice, ...] = ()
    refusals: tuple[Refusal, ...] = ()


def balance_faults(currency: str, totals: Mapping[str, str], entries: Sequence[BankEntry], change: Decimal) -> Iterator[str]:
    """Why a statement cannot be trusted: a balance (`totals`: what it is, its currency) or an entry in another currency, or a wrong sum."""
    for what, found in totals.items():
        if found != currency:
            yield f"The {what} is in {found}, the account in {currency}."
    for position, entry in enumerate(entries, start=1):
        if entry.currency != currency:
            yield f"Entry {position} is in {entry.currency}, the account in {currency}."
    booked = sum((entry.amount for entry in entries), Decimal(0))
    if booked != change:
        yield f"The balances differ by {change} {currency}, the entries add up to {booked} {currency}."


def is_reference(text: str) -> bool:
    """Whether a reference says anything: banks write NONREF or NOTPROVIDED where they have none."""
    return bool(text) and folded(text).replace("-", "") not in _NO_REFERENCE


def plain_amount(amount: Decimal | None, written: str) -> Decimal:
    """An amount that our tables hold: at most 14 digits before the point and 4 behind it. Raises Invalid."""
    if amount is None or not amount.is_finite() or not abs(amount) < _MOST or amount != round(amount, _DECIMALS):
        raise Invalid(
            f"{written[:40]!r} is no amount: at most 14 digits before the decimal point and {_DECIMALS} behind it.",
            code="statement_amount",
            next_step=ASK_BANK,
        )
    return amount


def plain_day(written: str, found: date | None) -> date:
    """A day of our time. Raises Invalid."""
    try:
        if found is not None:
            return day(found, "date")
    except Invalid:
        pass
    raise Invalid(f"{written[:40]!r} is no date of our time.", code="statement_date", next_step=ASK_BANK)


def check_count(entries: int) -> None:
    """Raises TooLarge for more entries than a statement may have."""
    if entries > MOST_ENTRIES:
        raise TooLarge(
            f"The statement has {entries} entries; at most {MOST_ENTRIES} are taken.",
            code="statement_too_large",
            next_step="Ask the bank for shorter statements.",
        )
