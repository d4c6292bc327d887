"""One canonical form for each kind of text, number and date that comes in from outside. Pure; every door reads with it.

A draft says the kind of a field in its type (`iban: Iban = ""`), and `canonical(draft)` answers the draft as it is kept, or raises one
`Invalid` that names every wrong field by its position in what was sent (`lines.0.qty`). Text that no kind names is read as a line.
A function of a kind may be called by itself: `iban("at61 1904 …", "account.iban")`.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from dataclasses import field as dataclass_field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar, get_args, get_origin, get_type_hints

from stdnum import bic as stdnum_bic
from stdnum import ean as stdnum_ean
from stdnum import iban as stdnum_iban
from stdnum.eu import vat as stdnum_vat

from engine.problems import Invalid
from handlers.countries import COUNTRIES, COUNTRY_WANTED
from handlers.values import currency_code, exact, not_negative, positive

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Draft = TypeVar("Draft", bound="DataclassInstance")
#: The open end of a validity: it holds until somebody ends it.
NEVER: Final = date(9999, 12, 31)
_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
_LONGEST_LINE, _LONGEST_NUMBER, _LONGEST_PROSE = 500, 100, 10_000
_HUNDRED = Decimal(100)
#: How many digits the numbers of GS1 have.
_GLN, _GTIN = (13,), (8, 12, 13, 14)
#: How long a bank account's number may be where it is no IBAN.
_ACCOUNT_DIGITS = range(4, 35)
#: Control characters, surrogates, and what is no character at all; Cf is looked at by name, because some scripts need its joiners.
_UNPRINTABLE = frozenset({"Cc", "Cs", "Cn"})
#: What turns the direction of text round (CVE-2021-42574), hides it, or marks the order of bytes.
_INVISIBLE = frozenset("\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff")
_LINE_BREAKS = frozenset("\n\r\t")
_SPACES = " \t\n\r\x0b\x0c\xa0"
_FOLD = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", _SPACES)
_TAX_NUMBER_PARTS = str.maketrans("", "", " .-/\xa0")


# ---- text


def line(value: str, field: str) -> str:
    """A text of one line: composed (NFC), trimmed, nothing in it that cannot be seen, at most 500 characters. May be blank."""
    return _cleaned(value, field, allowed=frozenset(), most=_LONGEST_LINE)


def prose(value: str, field: str) -> str:
    """A text of several lines, such as a note; else as `line`, at most 10,000 characters."""
    return _cleaned(value.replace("\r\n", "\n"), field, allowed=_LINE_BREAKS, most=_LONGEST_PROSE)


def name(value: str, field: str) -> str:
    """A line that may not be blank."""
    read = line(value, field)
    if not read:
        raise _wrong(field, "is blank", "must not be blank", code="incomplete")
    return read


def number(value: str, field: str) -> str:
    """A number of our own master data or papers (customer, item, order): a line of 1 to 100 characters, exactly as it is kept."""
    read = _cleaned(value, field, allowed=frozenset(), most=_LONGEST_NUMBER)
    if not read:
        raise _wrong(field, "is blank", "must not be blank", code="incomplete")
    return read


def document_number(value: str, field: str) -> str:
    """The number another party gave its document, as it wrote it, inner spaces made one. May be blank. Compare it by `folded`."""
    return _cleaned(" ".join(unicodedata.normalize("NFKC", value).split()), field, allowed=frozenset(), most=_LONGEST_NUMBER)


def reference(value: str | None, field: str) -> str | None:
    """Somebody's own key for what is sent, as written; a blank one is none."""
    return _cleaned(value or "", field, allowed=frozenset(), most=2 * _LONGEST_NUMBER) or None


def folded(written: str) -> str:
    """What two spellings of one document number share: no spaces, Latin letters large. ' rd 1' and 'RD1' are one number.

    The SQL function `folded(text)` answers the same.
    """
    return written.translate(_FOLD)


# ---- numbers with a check digit or a list


def iban(value: str, field: str) -> str:
    """An account by ISO 13616: its electronic form (no spaces, large letters), the check digits right. May be blank."""
    read = folded(line(value, field))
    if read and not stdnum_iban.is_valid(read, check_country=False):
        raise _wrong(field, f"is {value!r}, which is no IBAN: its check digits or its length are wrong", "must be an IBAN", code="iban")
    return read


def account_number(value: str, field: str) -> str:
    """A bank account: an IBAN, or where a country has none its number at the bank, 4 to 34 digits. May be blank."""
    read = folded(line(value, field)).replace("-", "").replace("/", "")
    return read if read.isascii() and read.isdigit() and len(read) in _ACCOUNT_DIGITS else iban(value, field)


def bic(value: str, field: str) -> str:
    """A bank by ISO 9362: 8 or 11 characters. May be blank."""
    read = folded(line(value, field))
    if read and not stdnum_bic.is_valid(read):
        raise _wrong(field, f"is {value!r}, which is no BIC", "must be a BIC of 8 or 11 characters", code="bic")
    return read


def vat_number(value: str, field: str) -> str:
    """A VAT number with its country's prefix, without spaces, dots and dashes. May be blank.

    One of the European Union has right check digits; of others no more is known.
    """
    read = unicodedata.normalize("NFC", folded(line(value, field)).translate(_TAX_NUMBER_PARTS))
    known = "gr" if read[:2] == "EL" else read[:2].lower()
    if read[:2].isalpha() and known in stdnum_vat.MEMBER_STATES and not stdnum_vat.is_valid(read):
        raise _wrong(field, f"is {value!r}, which is no VAT number of {read[:2]}", "must be a valid VAT number", code="vat_number")
    return read


def gln(value: str, field: str) -> str:
    """A Global Location Number of GS1: 13 digits, the last one a check digit. May be blank."""
    return _of_gs1(value, field, "GLN", _GLN)


def gtin(value: str, field: str) -> str:
    """A Global Trade Item Number of GS1: 8, 12, 13 or 14 digits, the last one a check digit. May be blank."""
    return _of_gs1(value, field, "GTIN", _GTIN)


def is_gln(value: str) -> bool:
    """Whether this is a Global Location Number, its check digit right."""
    return len(value) in _GLN and bool(stdnum_ean.is_valid(value))


def is_gtin(value: str) -> bool:
    """Whether this is a Global Trade Item Number, its check digit right."""
    return len(value) in _GTIN and bool(stdnum_ean.is_valid(value))


def country(value: str, field: str) -> str:
    """A country by ISO 3166-1, two large letters. May be blank."""
    read = line(value, field)
    if read and read not in COUNTRIES:
        raise _wrong(field, f"is {value!r}, which is no country", COUNTRY_WANTED, code="country_unknown")
    return read


def currency(value: str, field: str) -> str:
    """A currency by ISO 4217, three large letters. May be blank."""
    read = line(value, field)
    try:
        return currency_code(read) if read else ""
    except Invalid as problem:
        raise _wrong(field, f"is {value!r}, which is no currency code", problem.errors["currency"][0], code=problem.code) from None


# ---- dates and amounts


def day(value: date, field: str) -> date:
    """A date from 1900 to 2199."""
    if not _FIRST_DAY <= _date_of(value) <= _LAST_DAY:
        raise _wrong(field, f"is {_date_of(value)}", f"must lie between {_FIRST_DAY} and {_LAST_DAY}", code="date_out_of_range")
    return value


def last_day(value: date, field: str) -> date:
    """The last day something holds: a date from 1900 to 2199, or 9999-12-31 for an open end."""
    return value if value == NEVER else day(value, field)


def percentage(value: Decimal, field: str) -> Decimal:
    """A percentage from 0 to 100 with at most four decimals: 12.5 means 12.5 %."""
    read = exact(value, field)
    if not 0 <= read <= _HUNDRED or read != round(read, 4):
        raise _wrong(field, f"is {read} %", "must be a percentage from 0 to 100, with at most four decimals", code="percentage")
    return read


def quantity(value: Decimal, field: str) -> Decimal:
    """A quantity above zero with at most four decimals, small enough to be multiplied by a price."""
    return positive(value, field)


def amount(value: Decimal, field: str) -> Decimal:
    """An amount or another number of at least zero, small enough to be added up."""
    return not_negative(value, field)


# ---- kinds, as the fields of a draft name them


@dataclass(frozen=True, slots=True)
class Kind:
    """Marks the type of a field: values of it are read by `read(value, field)`."""

    read: Callable[[Any, str], Any]


Line = Annotated[str, Kind(line)]
Prose = Annotated[str, Kind(prose)]
Name = Annotated[str, Kind(name)]
Number = Annotated[str, Kind(number)]
DocumentNumber = Annotated[str, Kind(document_number)]
Reference = Annotated[str | None, Kind(reference)]
Iban = Annotated[str, Kind(iban)]
AccountNumber = Annotated[str, Kind(account_number)]
Bic = Annotated[str, Kind(bic)]
VatNumber = Annotated[str, Kind(vat_number)]
Gln = Annotated[str, Kind(gln)]
Gtin = Annotated[str, Kind(gtin)]
Country = Annotated[str, Kind(country)]
Currency = Annotated[str, Kind(currency)]
Day = Annotated[date, Kind(day)]
LastDay = Annotated[date, Kind(last_day)]
Percentage = Annotated[Decimal, Kind(percentage)]
Quantity = Annotated[Decimal, Kind(quantity)]
Amount = Annotated[Decimal, Kind(amount)]


def canonical(draft: Draft, at: str = "", *, lenient: bool = False) -> Draft:
    """The draft with every value in the form in which it is kept, drafts within it too.

    `at` is where in the body it was sent (`lines.0`). A `lenient` reading keeps countries and currencies that are none, for a person to
    repair. Raises one Invalid with the errors of all fields.
    """
    reading = _Reading(lenient)
    read = reading.draft(draft, at)
    if reading.wrong:
        raise together(reading.wrong)
    return read


def value_of(draft: type, field: str, value: Any) -> Any:
    """One value of a draft's field in the form in which it is kept. Raises Invalid with the field's errors."""
    reading = _Reading(lenient=False)
    read = reading.value(value, _kinds(draft)[field], field)
    if reading.wrong:
        raise together(reading.wrong)
    return read


def together(problems: Sequence[Invalid]) -> Invalid:
    """Several refusals as one, with the errors of all fields. There is at least one."""
    first = problems[0]
    errors: dict[str, list[str]] = {}
    for problem in problems:
        for field, messages in problem.errors.items():
            errors.setdefault(field, []).extend(messages)
    codes = {problem.code for problem in problems}
    return Invalid(
        " ".join(problem.detail for problem in problems[:5]),
        code=first.code if len(codes) == 1 else "fields_invalid",
        next_step=first.next_step if len(problems) == 1 else "Correct the named fields.",
        errors=errors,
    )


@dataclass(slots=True)
class _Reading:
    lenient: bool
    wrong: list[Invalid] = dataclass_field(default_factory=list)

    def draft(self, draft: Draft, at: str) -> Draft:
        kinds = _kinds(type(draft))
        changes = {
            each.name: self.value(getattr(draft, each.name), kinds[each.name], f"{at}.{each.name}" if at else each.name)
            for each in fields(draft)
        }
        return replace(draft, **changes)

    def value(self, value: Any, kind: Kind | None, field: str) -> Any:
        if value is None and kind != _REFERENCE:
            return None
        if kind is not None or isinstance(value, str):
            return self.read(kind or _LINE, value, field)
        if is_dataclass(value) and not isinstance(value, type):
            return self.draft(value, field)
        if isinstance(value, Mapping):
            return {key: self.value(each, _ADDRESS.get(key), f"{field}.{key}") for key, each in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self.value(each, None, f"{field}.{position}") for position, each in enumerate(value))
        return value

    def read(self, kind: Kind, value: Any, field: str) -> Any:
        try:
            return (_LINE if self.lenient and kind in _LISTED else kind).read(value, field)
        except Invalid as problem:
            self.wrong.append(problem)
            return value


@lru_cache(maxsize=256)
def _kinds(draft: type) -> Mapping[str, Kind | None]:
    return {each: _kind_in(hint) for each, hint in get_type_hints(draft, include_extras=True).items()}


def _kind_in(hint: Any) -> Kind | None:
    """The kind that a type names, also within a union: `Day | None`."""
    parts = hint.__metadata__ if get_origin(hint) is Annotated else [_kind_in(each) for each in get_args(hint)]
    return next((each for each in parts if isinstance(each, Kind)), None)


def _cleaned(value: str, field: str, *, allowed: frozenset[str], most: int) -> str:
    read = unicodedata.normalize("NFC", value).strip()
    unseen = next(
        (each for each in read if each not in allowed and (each in _INVISIBLE or unicodedata.category(each) in _UNPRINTABLE)), None
    )
    if unseen is not None:
        raise _wrong(field, f"contains the character U+{ord(unseen):04X}", "must not contain control characters", code="text_invalid")
    if len(read) > most:
        raise _wrong(field, f"has {len(read)} characters", f"must have at most {most} characters", code="text_too_long")
    return read


def _of_gs1(value: str, field: str, what: str, lengths: Sequence[int]) -> str:
    read = re.sub(r"[\s-]", "", line(value, field))
    if read and not (len(read) in lengths and stdnum_ean.is_valid(read)):
        digits = " or ".join(map(str, lengths))
        raise _wrong(field, f"is {value!r}, which is no {what}", f"must have {digits} digits and a right check digit", code=what.lower())
    return read


def _date_of(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def _wrong(field: str, what: str, wanted: str, *, code: str) -> Invalid:
    return Invalid(f"{field} {what}; it {wanted}.", code=code, next_step=f"Correct {field}.", errors={field: [wanted]})


_LINE, _REFERENCE = Kind(line), Kind(reference)
#: Kinds that are looked up in a list.
_LISTED: Final = frozenset({Kind(country), Kind(currency)})
#: The parts of an address that have a kind of their own.
_ADDRESS: Final[Mapping[str, Kind]] = {"country": Kind(country), "gln": Kind(gln)}
