"""The closed set of FEEL values (DMN 1.5, section 10.3.2): no other Python object is ever reachable from an expression.

| FEEL                          | Python                | FEEL                          | Python           |
|-------------------------------|-----------------------|-------------------------------|------------------|
| null                          | None                  | days and time duration        | timedelta        |
| boolean                       | bool                  | years and months duration     | YearsMonths      |
| number                        | Decimal               | list                          | list             |
| string                        | str                   | context                       | dict, string keys|
| date, time, date and time     | date, time, datetime  | range, function               | Range, Function  |

Values are never changed in place: lists and dicts are shared freely between contexts, branches and results.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from math import isfinite
from typing import Any, Final

from engine.feel.errors import FeelLimitExceeded
from engine.feel.limits import MAX_NESTING, Run


@dataclass(frozen=True, slots=True, order=True)
class YearsMonths:
    """A years and months duration: a whole number of months, of no fixed length in days."""

    months: int


class Open(Enum):
    """The end that a range does not have: `(< 10)` has no lower one. One that is null (`[1..limit]` without a limit) is not open."""

    END = "open end"


@dataclass(frozen=True, slots=True)
class Range:
    """All values between two ends of one type, `Open.END` where there is none; where an end is null, what lies within is not known."""

    low: object
    high: object
    low_in: bool
    high_in: bool


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """Something that can be called: a built-in, a function literal or a business knowledge model."""

    call: Callable[[Run, Sequence[object]], object]
    parameters: tuple[str, ...]
    name: str = "function"
    #: Built-ins have several signatures and place named arguments themselves.
    call_named: Callable[[Run, Mapping[str, object]], object] | None = field(default=None)
    signature: str = ""

    def named(self, run: Run, arguments: Mapping[str, object]) -> object:
        """Call with named arguments; null when a name is missing or not a parameter."""
        if self.call_named is not None:
            return self.call_named(run, arguments)
        if set(arguments) != set(self.parameters):
            return None
        return self.call(run, [arguments[name] for name in self.parameters])


KINDS: Final[dict[type, str]] = {
    type(None): "null",
    bool: "boolean",
    Decimal: "number",
    str: "string",
    date: "date",
    datetime: "date and time",
    time: "time",
    timedelta: "days and time duration",
    YearsMonths: "years and months duration",
    list: "list",
    dict: "context",
    Range: "range",
    Function: "function",
}
#: Types of values that hold no other values and need no conversion.
ATOMS: Final = frozenset(KINDS) - {list, dict}
_TEXT: Final = frozenset({str})


def kind_of(value: object) -> str:
    """The FEEL name of a value's type; for an object that is no FEEL value, `null`, because that is what it becomes."""
    return KINDS.get(type(value), "null")


def to_feel(value: object) -> object:
    """Bring a host value (JSON-like data, decimals, dates) into FEEL; what is not data becomes null.

    Integers and floats become decimals (a float by its shortest text, so 0.1 stays 0.1). Containers that hold only FEEL
    values already are returned as they are, not copied. Raises FeelLimitExceeded when the data nest too deeply.
    """
    return _convert(value, MAX_NESTING)


def bring_in(run: Run, value: object) -> object:
    """Convert a variable of the host, once in a run however often it is read."""
    if type(value) in ATOMS:
        return value
    if type(value) is int:
        return Decimal(value)
    if run.converted is None:
        run.converted = {}
    known = run.converted.get(id(value))
    if known is None:
        # The host value is kept beside its conversion: its id must not be given to another object meanwhile.
        known = run.converted[id(value)] = (value, to_feel(value))
    return known[1]


def _convert(value: object, depth: int) -> object:
    kind = type(value)
    if kind in ATOMS:
        return value
    plain = _PLAIN.get(kind)
    if plain is not None:
        return plain(value)
    if not depth:
        raise FeelLimitExceeded(f"the data nest deeper than {MAX_NESTING} levels")
    if isinstance(value, dict):  # asked before Mapping, an abstract class, which is slow to ask for
        return _convert_context(value, depth - 1)
    if isinstance(value, list | tuple):
        return _convert_list(value, depth - 1)
    return _convert_scalar(value) if isinstance(value, _SCALARS) else _convert_foreign(value, depth - 1)


def _convert_context(value: Mapping[object, object], depth: int) -> object:
    plain = type(value) is dict and _TEXT.issuperset(map(type, value))
    if plain and ATOMS.issuperset(map(type, value.values())):
        return value
    result: dict[str, object] = {}
    same = plain
    for key, item in value.items():
        kind = type(item)
        if kind in ATOMS:
            new = item
        else:
            short = _PLAIN.get(kind)
            new = short(item) if short is not None else _convert(item, depth)
            same = same and new is item
        result[key if type(key) is str else str(key)] = new
    return value if same else result


def _convert_list(value: Sequence[object], depth: int) -> object:
    if type(value) is list and ATOMS.issuperset(map(type, value)):
        return value
    result = [_convert(item, depth) for item in value]
    same = type(value) is list and all(new is old for new, old in zip(result, value, strict=True))
    return value if same else result


def _from_float(value: float) -> Decimal | None:
    return Decimal(repr(float(value))) if isfinite(value) else None


#: The two kinds of numbers JSON brings, by exact type.
_PLAIN: Final[dict[type, Callable[[Any], object]]] = {int: Decimal, float: _from_float}


def _convert_foreign(value: object, depth: int) -> object:
    """Other kinds of mappings become contexts; everything unknown becomes null."""
    return _convert_context(value, depth) if isinstance(value, Mapping) else None


def _convert_scalar(value: object) -> object:
    """Numbers of JSON become decimals, subclasses (enumerations, frozen clocks) their plain base."""
    for base, convert in _CONVERSIONS:
        if isinstance(value, base):
            return convert(value)
    return None


#: In this order, because a datetime is a date.
_CONVERSIONS: Final[tuple[tuple[type, Callable[[Any], object]], ...]] = (
    (int, lambda value: Decimal(int(value))),
    (float, _from_float),
    (str, str.__str__),
    (datetime, lambda value: datetime.combine(date(value.year, value.month, value.day), value.timetz())),
    (date, lambda value: date(value.year, value.month, value.day)),
    (Decimal, Decimal),
)
_SCALARS: Final = tuple(base for base, _ in _CONVERSIONS)


def as_index(value: Decimal) -> int | None:
    """A whole number as an int; None when it has a fraction or is not finite."""
    try:
        number = int(value)
    except (InvalidOperation, ValueError, OverflowError):
        return None
    return number if number == value else None
