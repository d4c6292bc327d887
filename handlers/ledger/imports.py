"""What can be brought in of the books by file: exchange rates. Open items come by `handlers/receivables/imports.py`: somebody collects."""

from decimal import Decimal
from typing import Any

from engine.problems import Invalid
from handlers.bulk import Column, TableKind
from handlers.ledger.commands import RateDraft
from handlers.ledger.model import FxRate

#: What the column holds.
_MOST, _PLACES = Decimal(10**10), Decimal("0.00000001")


def _check(draft: Any) -> None:
    if not 0 < draft.rate < _MOST or draft.rate != draft.rate.quantize(_PLACES):
        message = "must be above zero, with at most eight decimals"
        raise Invalid(f"rate {message}", code="rate_invalid", errors={"rate": [message]})


KINDS = (
    TableKind(
        code="exchange-rates",
        title="Exchange rates",
        about="What one unit of a currency is worth in the currency of the books, from a day on.",
        role="book",
        place=11,
        draft=RateDraft,
        table=FxRate,
        key=("currency", "valid_from"),
        columns=(
            Column("currency", "Currency by ISO 4217", "USD"),
            Column("valid_from", "First day it holds", "2027-01-01"),
            Column("rate", "Worth of one unit in our currency", "0.91234567"),
        ),
        check=_check,
    ),
)
