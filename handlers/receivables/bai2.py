"""Reads bank statements in BAI2 (Cash Management Balance Reporting, version 2; X9.121), as banks in North America send them.

A record begins on a line of its own or behind the slash that ends the one before; what begins no record belongs to the text before it.
The control totals of account, group and file are checked. The file comes from outside: nothing of it is trusted to be well-formed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation

from engine.lexical import read_compact_day, read_count, read_whole
from engine.problems import Invalid
from handlers.identifiers import folded
from handlers.receivables.bank_shapes import (
    MOST_STATEMENTS,
    BankEntry,
    Contents,
    Statement,
    balance_faults,
    check_count,
    is_reference,
    plain_amount,
    plain_day,
)
from handlers.values import decimals_of

_ASK_BANK = "Ask the bank for the file again, or for camt.053 (versions 2 to 8)."
_RECORD = re.compile(r"(?:\A|\n|(?<=/))\s*(?=(?:01|02|03|16|49|88|98|99),)")
_ENTRY_CODES = range(100, 700)
_FIRST_DEBIT = 400
#: Ledger balances, else available ones: the codes of X9.121 for the opening and the closing balance.
_OPENING, _CLOSING = ("010", "040"), ("015", "045")
#: What codes of X9.121 mean in the external codes of ISO 20022, which the decision `bank-entry` reads.
_ISO = {
    **dict.fromkeys(("354", "654"), "INTR"),
    **dict.fromkeys(("557", "558", "559"), "RRTN"),
    **dict.fromkeys(("550", "555", "556", "563"), "UPCQ"),
    **dict.fromkeys(("661", "664", "680", "682", "684", "686", "694", "698"), "CHRG"),
}
#: How many fields follow the type of funds, before what comes next.
_FUNDS = {"V": 2, "S": 3}
#: How many days money may become available in, as digits of their number.
_COUNT_DIGITS = 2


@dataclass(slots=True)
class _Account:
    """One account of a group while it is read."""

    number: str
    currency: str
    day: date
    balances: dict[str, Decimal] = field(default_factory=dict)
    entries: list[BankEntry] = field(default_factory=list)
    control: int = 0
    records: int = 1
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Reading:
    """What was read so far: the account under way, the statements of the group and of the file, and their control totals."""

    currency: str = "USD"
    day: date = date.min
    account: _Account | None = None
    group: list[Statement] = field(default_factory=list)
    group_control: int = 0
    groups: list[Statement] = field(default_factory=list)
    file_control: int = 0
    is_ended: bool = False


def read_bai2(text: str) -> Contents:
    """Read every account of a file as a statement. Raises Invalid or TooLarge with what to do."""
    reading = _Reading()
    for code, *fields in _records(text):
        _READERS.get(code, _skip)(reading, fields)
    if reading.account is not None:
        raise Invalid(
            f"The statement of {reading.account.number[:40]} does not end: its record 49 is missing.",
            code="statement_cut",
            next_step=_ASK_BANK,
        )
    statements = reading.groups + _faulty(reading.group, "The group of accounts does not end: its record 98 is missing.")
    if not statements or len(statements) > MOST_STATEMENTS:
        raise Invalid(
            f"The file holds {len(statements)} statements; 1 to {MOST_STATEMENTS} are taken.", code="statement_count", next_step=_ASK_BANK
        )
    return Contents(
        "BAI2", tuple(statements if reading.is_ended else _faulty(statements, "The file does not end: its record 99 is missing."))
    )


def _skip(_reading: _Reading, _fields: Sequence[str]) -> None:
    """A record that says nothing we need: the header of the file, and records of other versions."""


def _read_group(reading: _Reading, fields: Sequence[str]) -> None:
    reading.day = _day(_at(fields, 3))
    reading.currency = _at(fields, 5) or "USD"


def _read_account(reading: _Reading, fields: Sequence[str]) -> None:
    reading.account = _Account(folded(_at(fields, 0)), _at(fields, 1) or reading.currency, reading.day)
    _summaries(reading.account, fields[2:])


def _read_entry(reading: _Reading, fields: Sequence[str]) -> None:
    if reading.account is None:
        raise Invalid("An entry (16) stands outside of an account (03).", code="statement_cut", next_step=_ASK_BANK)
    reading.account.records += 1
    _entry(reading.account, fields)


def _end_account(reading: _Reading, fields: Sequence[str]) -> None:
    if reading.account is not None:
        reading.group_control += reading.account.control
        reading.group.append(_statement(reading.account, fields))
    reading.account = None


def _end_group(reading: _Reading, fields: Sequence[str]) -> None:
    stated, reading.file_control = _cents(_at(fields, 0) or "0"), reading.file_control + reading.group_control
    wrong = f"The group's control total is {stated}, its accounts add up to {reading.group_control} (record 98)."
    reading.groups += reading.group if stated == reading.group_control else _faulty(reading.group, wrong)
    reading.group, reading.group_control = [], 0


def _end_file(reading: _Reading, fields: Sequence[str]) -> None:
    stated = _cents(_at(fields, 0) or "0")
    wrong = f"The file's control total is {stated}, its groups add up to {reading.file_control} (record 99)."
    reading.groups = reading.groups if stated == reading.file_control else _faulty(reading.groups, wrong)
    reading.is_ended = True


_READERS = {
    "02": _read_group,
    "03": _read_account,
    "16": _read_entry,
    "49": _end_account,
    "98": _end_group,
    "99": _end_file,
}


def _faulty(statements: Sequence[Statement], fault: str) -> list[Statement]:
    return [replace(each, faults=(*each.faults, fault)) for each in statements]


def _records(text: str) -> Iterator[list[str]]:
    """Each record with its continuations (88) behind it, as fields. A text is broken over lines in them, so it is put together again."""
    current: list[str] = []
    for raw in _RECORD.split(text.replace("\r", "")):
        body = " ".join(raw.rstrip().removesuffix("/").split("\n")).strip()
        if not body:
            continue
        if body.startswith("88,"):
            if not current:
                raise Invalid("The file begins with a continuation (88).", code="statement_cut", next_step=_ASK_BANK)
            current.append(body[3:])
            continue
        if current:
            yield _joined(current)
        current = [body]
    if current:
        yield _joined(current)


def _joined(parts: Sequence[str]) -> list[str]:
    fields = parts[0].split(",")
    for more in parts[1:]:
        if fields[0] == "16":
            fields[-1] += f" {more}"
        else:
            fields += more.split(",")
    return [*fields, *([f"\0{len(parts) - 1}"] if len(parts) > 1 else [])]


def _continued(fields: Sequence[str]) -> tuple[list[str], int]:
    """The fields, and how many continuations they came in."""
    if fields and fields[-1].startswith("\0"):
        return list(fields[:-1]), int(fields[-1][1:])
    return list(fields), 0


def _summaries(account: _Account, given: Sequence[str]) -> None:
    """Balances and sums: code, amount, count and type of funds, again and again."""
    fields, more = _continued(given)
    account.records += more
    place = 0
    while place < len(fields):
        code, amount = fields[place].strip(), _at(fields, place + 1)
        kind = _at(fields, place + 3)
        if code and amount:
            number = _cents(amount)
            account.control += number
            account.balances.setdefault(code, _money(number, account.currency, amount))
        place += 4 + _extra(kind, fields, place + 4)


def _extra(kind: str, fields: Sequence[str], place: int) -> int:
    if kind == "D":
        count = _at(fields, place)
        return 1 + 2 * (read_count(count) or 0) if len(count) <= _COUNT_DIGITS else 1
    return _FUNDS.get(kind, 0)


def _entry(account: _Account, given: Sequence[str]) -> None:
    fields, more = _continued(given)
    account.records += more
    code, written, kind = _at(fields, 0), _at(fields, 1), _at(fields, 2)
    number = read_count(code)
    if number is None:
        raise Invalid(f"{code[:10]!r} is no transaction code of BAI2.", code="statement_code", next_step=_ASK_BANK)
    amount = _cents(written or "0")
    account.control += amount
    if number not in _ENTRY_CODES:
        return  # 890 and the like carry no money
    after = 3 + _extra(kind, fields, 3)
    value_on = _day(_at(fields, 3)) if kind == "V" and _at(fields, 3) else account.day
    bank_ref, customer_ref = _at(fields, after), _at(fields, after + 1)
    sign = -1 if number >= _FIRST_DEBIT else 1
    account.entries.append(
        BankEntry(
            bank_ref=bank_ref,
            amount=sign * _money(amount, account.currency, written),
            currency=account.currency,
            booked_on=account.day,
            value_on=value_on,
            payer_name="",
            payer_iban="",
            structured_refs=tuple(each for each in (customer_ref,) if is_reference(each)),
            remittance=" ".join(",".join(fields[after + 2 :]).split())[:1000],
            reversal=False,
            transaction_code=f"BAI2/{code}/{_ISO.get(code, '')}",
        )
    )
    check_count(len(account.entries))


def _statement(account: _Account, given: Sequence[str]) -> Statement:
    fields, _ = _continued(given)
    if not account.number:
        raise Invalid("The statement names no account.", code="statement_account", next_step=_ASK_BANK)
    opening, closing = (
        next((account.balances[code] for code in codes if code in account.balances), None) for codes in (_OPENING, _CLOSING)
    )
    if opening is None or closing is None:
        raise Invalid(
            f"The statement of {account.number[:40]} has no opening or no closing balance.", code="statement_balances", next_step=_ASK_BANK
        )
    faults = list(balance_faults(account.currency, {}, account.entries, closing - opening))
    stated, counted = _cents(_at(fields, 0) or "0"), _at(fields, 1)
    if stated != account.control:
        faults.append(f"Its control total is {stated}, its amounts add up to {account.control} (record 49).")
    if counted and read_count(counted) != account.records + 1:
        faults.append(f"It should have {counted} records and has {account.records + 1} (record 49).")
    return Statement(
        account=account.number,
        bank_ref="",
        currency=account.currency,
        opening=opening,
        closing=closing,
        opened_on=account.day,
        closed_on=account.day,
        entries=tuple(account.entries),
        faults=tuple(faults),
    )


def _at(fields: Sequence[str], place: int) -> str:
    return fields[place].strip() if place < len(fields) and not fields[place].startswith("\0") else ""


def _cents(written: str) -> int:
    found = read_whole(written)
    if found is None:
        raise Invalid(f"{written[:40]!r} is no amount of BAI2.", code="statement_amount", next_step=_ASK_BANK)
    return found


def _money(number: int, currency: str, written: str) -> Decimal:
    """BAI2 writes no decimal point: the last digits are the currency's decimals."""
    try:
        return plain_amount(Decimal(number).scaleb(-decimals_of(currency)), written)
    except (InvalidOperation, KeyError):
        raise Invalid(f"{currency[:10]!r} is no currency.", code="statement_currency", next_step=_ASK_BANK) from None


def _day(written: str) -> date:
    return plain_day(written, read_compact_day(written) if len(written) == len("260302") else None)
