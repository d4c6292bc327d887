"""Reads what the sourcing decision answered. Pure.

A decision may answer for each case either a list of places, `{source_type, source, rank, transit_days}` (source empty or `*`: any), or
one row in words: `{first_source: STOCK|DROP, else_source: STOCK|DROP|BACKORDER, may_split}`. An answer that repeats its case
(item_class, region, customer_class) is matched by it, any other by its position.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.problems import Invalid

_KEYS = ("item_class", "region", "customer_class")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Lines that the sourcing decision treats alike."""

    item_class: str
    region: str
    customer_class: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place the decision names: a warehouse or a supplier; `*` is any."""

    source_type: str
    source: str = "*"
    rank: int = 1
    transit_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sourcing:
    """Where the lines of a case may come from, and whether a line may be split over places and days."""

    places: tuple[Place, ...]
    may_split: bool = True


def read_answers(answers: Sequence[Any], cases: Sequence[Case]) -> dict[Case, Sourcing]:
    """What was answered to each case; a case without an answer is not in it. Raises Invalid for an answer nobody can read."""
    if len(cases) == 1 and answers and all(isinstance(answer, Mapping) and "source_type" in answer for answer in answers):
        answers = [answers]
    found: dict[Case, Sourcing] = {}
    for position, answer in enumerate(answers):
        rows = [answer] if isinstance(answer, Mapping) else list(answer or ())
        if not rows:
            continue
        case = _case_of(rows[0], cases, position)
        if case is not None:
            found[case] = _sourcing(rows)
    return found


def _case_of(row: Mapping[str, Any], cases: Sequence[Case], position: int) -> Case | None:
    if all(key in row for key in _KEYS):
        named = Case(**{key: str(row[key] or "") for key in _KEYS})
        return named if named in cases else None
    return cases[position] if position < len(cases) else None


def _sourcing(rows: Sequence[Mapping[str, Any]]) -> Sourcing:
    if "first_source" in rows[0]:
        kinds = [rows[0]["first_source"], rows[0].get("else_source")]
        places = tuple(Place(source_type=_kind(kind), rank=rank) for rank, kind in enumerate(kinds, 1) if kind not in {None, "BACKORDER"})
        return Sourcing(places=places, may_split=rows[0].get("may_split") is not False)
    return Sourcing(
        places=tuple(
            Place(
                source_type=_kind(row.get("source_type")),
                source=str(row.get("source") or "*"),
                rank=int(row.get("rank") or 1),
                transit_days=int(row.get("transit_days") or 0),
            )
            for row in rows
        ),
        may_split=all(row.get("may_split") is not False for row in rows),
    )


def _kind(named: Any) -> str:
    if named not in {"STOCK", "DROP"}:
        raise Invalid(
            f"The sourcing decision answered {named!r}.",
            code="sourcing_answer",
            next_step="Let it answer STOCK or DROP as the source, then retry.",
        )
    return str(named)
