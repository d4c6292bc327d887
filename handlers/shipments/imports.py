"""What can be brought in of cartons by file."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from engine.problems import Invalid
from handlers.bulk import Column, TableKind
from handlers.identifiers import Amount, Name, Number
from handlers.shipments.model import Carton

_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CartonDraft:
    """A carton: how many litres it holds, how many kilograms may be in it, what it weighs empty."""

    code: Number
    name: Name
    volume_l: Amount
    max_kg: Amount
    tare_kg: Amount = _ZERO
    active: bool = True


def _check(draft: Any) -> None:
    errors = {name: ["must be above zero"] for name in ("volume_l", "max_kg") if not getattr(draft, name)}
    if errors:
        raise Invalid("A carton holds some litres and some weight.", code="carton_numbers", errors=errors)


KINDS = (
    TableKind(
        code="cartons",
        title="Cartons",
        about="What goods are packed into; parcels are planned in those that are in use.",
        role="ship",
        place=47,
        draft=CartonDraft,
        table=Carton,
        key=("code",),
        columns=(
            Column("code", "Its name, as on the shelf", "M"),
            Column("name", "What it is", "Carton M 40 x 30 x 25"),
            Column("volume_l", "How many litres it holds", "30"),
            Column("max_kg", "How many kilograms may be in it", "20"),
            Column("tare_kg", "What it weighs empty", "0.4"),
            Column("active", "Whether it is in use", "yes"),
        ),
        check=_check,
    ),
)
