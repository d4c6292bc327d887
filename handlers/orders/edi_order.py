"""An order as EDI says it, in either syntax, before anything of it is looked up. Pure."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from engine.lexical import read_compact_day, read_decimal
from engine.problems import Invalid

OURS, GTIN, THEIRS, NAME = "ours", "gtin", "theirs", "name"
#: In which order the numbers of an item are believed: ours, the world's, the buyer's own.
RANK: Final = {OURS: 0, GTIN: 1, THEIRS: 2, NAME: 3}
GLN, CODE = "gln", "code"


@dataclass(frozen=True, slots=True)
class ItemNumber:
    """A number an item is named by, and whose it is: ours, gtin or theirs; or the name of the item."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EdiParty:
    """A party or place as it is named: by a `code` that is a GLN or one of the buyer's, by its address, or both."""

    name: str = ""
    code: str = ""
    code_kind: str = CODE
    street: str = ""
    city: str = ""
    postal_code: str = ""
    region: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreQuantity:
    """How much of a line is for one store, named by a `code` that is a GLN or the buyer's own."""

    code: str
    code_kind: str
    qty: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class EdiLine:
    """A line: the number the buyer gave it, its quantity in `unit` (as written) and the price stated for one."""

    buyer_line_no: str
    qty: Decimal
    unit: str
    unit_price: Decimal | None
    numbers: tuple[ItemNumber, ...]
    description: str
    requested_date: date | None
    stores: tuple[StoreQuantity, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EdiOrder:
    """An order document. `note` is what it says in words."""

    number: str
    ordered_on: date | None
    currency: str
    requested_date: date | None
    ship_to: EdiParty | None
    lines: tuple[EdiLine, ...]
    stated_total: Decimal | None
    note: str = ""


def number_of(written: str, where: str) -> Decimal:
    """A number. Raises Invalid naming where it stands."""
    value = read_decimal(written.replace(",", "."))
    if value is None:
        raise Invalid(
            f"{where} is {written[:35]!r}, which is no number.", code="edi_number", next_step="Ask the partner to send it again, corrected."
        )
    return value


def day_of(written: str) -> date | None:
    """A date as YYMMDD, YYYYMMDD or with a time behind it; None where it is none."""
    digits = written.strip()
    return read_compact_day(digits if len(digits) == len("260302") else digits[:8])


def must(condition: object, detail: str, next_step: str, code: str = "edi_order") -> None:
    """Raises Invalid unless the condition holds."""
    if not condition:
        raise Invalid(detail, code=code, next_step=next_step)
