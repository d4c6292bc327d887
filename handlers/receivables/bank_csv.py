"""Reads a bank's CSV by a layout that the company has declared: which column is what, how numbers and dates are written. Pure.

With a column of the balance the rows are a statement like any other: one that does not add up waits for treasury. Without one the good
rows go on after the account's last closing balance, and each row that cannot be read is told.
"""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from engine.lexical import read_day_as, read_decimal
from engine.problems import Invalid, Problem
from handlers.identifiers import folded
from handlers.receivables.bank_shapes import BankEntry, Refusal, check_count, is_reference, plain_amount, plain_day

#: How a date may be written, by the name that a layout says, as `strptime` reads it.
DATE_FORMATS: Final[Mapping[str, str]] = {
    "YYYY-MM-DD": "%Y-%m-%d",
    "DD.MM.YYYY": "%d.%m.%Y",
    "DD.MM.YY": "%d.%m.%y",
    "DD/MM/YYYY": "%d/%m/%Y",
    "MM/DD/YYYY": "%m/%d/%Y",
    "YYYYMMDD": "%Y%m%d",
}
DELIMITERS: Final[Mapping[str, str]] = {"semicolon": ";", "comma": ",", "tab": "\t", "bar": "|"}
DECIMAL_SIGNS: Final[Mapping[str, str]] = {"comma": ",", "point": "."}
#: How many lines of a bank's greetings may stand before the line with the names of the columns.
_GREETING: Final = 30
_MEND: Final = "Correct the row, and send a file with what was not taken."


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a bank's CSV of one account is written. A column's name is as in the file; empty where there is none.

    Either `amount` holds both directions, or `money_in` and `money_out` one each. `remittance` may name several columns, by `+`.
    """

    layout_no: str
    account: str
    currency: str
    delimiter: str
    decimal_sign: str
    date_format: str
    booked_on: str
    amount: str = ""
    money_in: str = ""
    money_out: str = ""
    value_on: str = ""
    payer_name: str = ""
    payer_account: str = ""
    remittance: str = ""
    reference: str = ""
    bank_ref: str = ""
    code: str = ""
    balance: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all columns that it reads."""
        names = (
            self.booked_on, self.amount, self.money_in, self.money_out, self.value_on, self.payer_name, self.payer_account,
            *self.texts, self.reference, self.bank_ref, self.code, self.balance,
        )  # fmt: skip
        return tuple(dict.fromkeys(name for name in names if name))

    @property
    def texts(self) -> tuple[str, ...]:
        """The columns of what the payer wrote."""
        return tuple(name.strip() for name in self.remittance.split("+") if name.strip())


@dataclass(frozen=True, slots=True)
class Rows:
    """What a CSV holds: entries in the order they were booked, the balances around them where it says them, and rows not taken."""

    layout: Layout
    entries: tuple[BankEntry, ...]
    refusals: tuple[Refusal, ...]
    opening: Decimal | None = None
    closing: Decimal | None = None
    faults: tuple[str, ...] = ()


def find_layout(text: str, layouts: Sequence[Layout]) -> tuple[Layout, int]:
    """The layout whose columns a file has, and the line they stand in. Raises Invalid when there is none or two fit alike."""
    lines = text.splitlines()[:_GREETING]
    fits = []
    for layout in layouts:
        wanted = set(layout.columns)
        for place, line in enumerate(lines):
            if wanted <= {name.strip() for name in _split(line, layout)}:
                fits.append((len(wanted), layout, place))
                break
    most = max((count for count, _, _ in fits), default=0)
    best = [(layout, place) for count, layout, place in fits if count == most]
    if len(best) == 1:
        return best[0]
    if not best:
        raise Invalid(
            f"No layout of ours has the columns of this file: {lines[0][:120] if lines else 'it is empty'}.",
            code="bank_file_unknown",
            next_step="Say under Master data, Bank files which column is what, or ask the bank for camt.053, MT940 or BAI2.",
        )
    names = ", ".join(layout.layout_no for layout, _ in best)
    raise Invalid(
        f"The layouts {names} fit this file alike.",
        code="bank_file_ambiguous",
        next_step="Say which one it is (layout=…), or let one of them name a column that only it has.",
    )


def read_rows(text: str, layout: Layout, header: int) -> Rows:
    """Read the rows behind a header. A row that cannot be read is told; with balances it makes the statement one for treasury."""
    lines = text.splitlines(keepends=True)[header:]
    reader = csv.DictReader(io.StringIO("".join(lines), newline=""), delimiter=DELIMITERS[layout.delimiter])
    reader.fieldnames = [str(name).strip() for name in reader.fieldnames or ()]
    found: list[tuple[BankEntry, Decimal | None]] = []
    refusals: list[Refusal] = []
    for row in reader:
        if not any(str(value or "").strip() for value in row.values()):
            continue
        where = f"line {header + reader.line_num}"
        try:
            found.append(_entry(layout, row))
        except Problem as problem:
            refusals.append(Refusal(where, problem.detail, _MEND))
        check_count(len(found))
    if not found:
        detail = refusals[0].detail if refusals else "It holds no rows."
        raise Invalid(f"Nothing of the file can be read: {detail}", code="bank_file_empty", next_step=_MEND)
    if not layout.balance:
        return Rows(layout, tuple(entry for entry, _ in _in_order(found)), tuple(refusals))
    return _balanced(layout, found, refusals)


def _split(line: str, layout: Layout) -> list[str]:
    return next(csv.reader([line], delimiter=DELIMITERS[layout.delimiter]), [])


def _in_order(found: Sequence[tuple[BankEntry, Decimal | None]]) -> Sequence[tuple[BankEntry, Decimal | None]]:
    """Banks write the newest entry first or last; we keep them as they were booked."""
    return found[::-1] if found[0][0].booked_on > found[-1][0].booked_on else found


def _balanced(layout: Layout, found: Sequence[tuple[BankEntry, Decimal | None]], refusals: Sequence[Refusal]) -> Rows:
    """Whether each balance is the one before and the entry: in the order of the file, or from its end."""
    tries = [(order, list(_breaks(order))) for order in (found, found[::-1])]
    order, breaks = min(tries, key=lambda each: len(each[1]))
    faults = [f"{each.where}: {each.detail}" for each in refusals] + breaks
    first, last = order[0], order[-1]
    opening = (first[1] or Decimal(0)) - first[0].amount
    return Rows(layout, tuple(entry for entry, _ in order), (), opening, last[1], tuple(faults))


def _breaks(order: Sequence[tuple[BankEntry, Decimal | None]]) -> list[str]:
    said = []
    before: Decimal | None = None
    for place, (entry, balance) in enumerate(order, start=1):
        if before is not None and balance is not None and before + entry.amount != balance:
            said.append(f"Entry {place} leads from {before} by {entry.amount} to {balance}, which does not add up.")
        before = balance
    return said


def _entry(layout: Layout, row: Mapping[str, str | None]) -> tuple[BankEntry, Decimal | None]:
    def at(name: str) -> str:
        return str(row.get(name) or "").strip() if name else ""

    booked_on = _day(at(layout.booked_on), layout)
    account = folded(at(layout.payer_account))
    reference, code = at(layout.reference), at(layout.code)
    entry = BankEntry(
        bank_ref=at(layout.bank_ref),
        amount=_amount_of(layout, at),
        currency=layout.currency,
        booked_on=booked_on,
        value_on=_day(at(layout.value_on), layout) if at(layout.value_on) else booked_on,
        payer_name=at(layout.payer_name)[:500],
        payer_iban=account[:100],
        structured_refs=(reference[:100],) if is_reference(reference) else (),
        remittance="\n".join(filter(None, (at(name) for name in layout.texts)))[:1000],
        reversal=False,
        transaction_code=code[:40],
    )
    return entry, (_number(at(layout.balance), layout) if layout.balance else None)


def _amount_of(layout: Layout, at: Callable[[str], str]) -> Decimal:
    if layout.amount:
        return _number(at(layout.amount), layout)
    money_in, money_out = at(layout.money_in), at(layout.money_out)
    if bool(money_in) == bool(money_out) and _worth(money_in, layout) and _worth(money_out, layout):
        raise Invalid(f"It has {money_in} in and {money_out} out: an entry has one of them.", code="statement_amount")
    return _worth(money_in, layout) - abs(_worth(money_out, layout))


def _worth(written: str, layout: Layout) -> Decimal:
    return _number(written, layout) if written else Decimal(0)


def _number(written: str, layout: Layout) -> Decimal:
    """A number with its decimal sign, and without what stands between thousands."""
    sign = DECIMAL_SIGNS[layout.decimal_sign]
    other = "." if sign == "," else ","
    plain = re.sub(r"[\s\u00a0'\u2019]", "", written).replace("\u2212", "-").replace(other, "").replace(sign, ".")
    if plain.endswith("-"):
        plain = f"-{plain[:-1]}"
    return plain_amount(read_decimal(plain), written)


def _day(written: str, layout: Layout) -> date:
    return plain_day(written, read_day_as(written, DATE_FORMATS[layout.date_format]))
