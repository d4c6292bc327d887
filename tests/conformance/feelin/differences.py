"""Where our FEEL and feelin say different things, why, and who is right. A difference that is none of these fails the test."""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

Explains = Callable[[str, str, object, object, object], bool]


class Difference(NamedTuple):
    """`right` is "ours", "feelin" or "both"; `explains` is asked with kind, text, tested value, our answer and feelin's."""

    right: str
    why: str
    explains: Explains


def _expression(pattern: str) -> Explains:
    return lambda kind, text, _tested, _ours, _theirs: kind == "expression" and re.fullmatch(pattern, text) is not None


_COMPARED: Final = re.compile(r".+ (?:!=|<|>=) .+")
_MOMENT: Final = r'(?:date|duration)\("[^"]+"\)'

DIFFERENCES: Final = (
    Difference(
        "ours",
        "Two values of different types, or of a type without an order, are neither alike nor in order: null (DMN 1.5, 10.3.2.13). feelin "
        "fails on some, calls others unlike, and orders booleans and dates as numbers.",
        lambda kind, text, _tested, ours, _theirs: kind == "expression" and ours is None and _COMPARED.fullmatch(text) is not None,
    ),
    Difference(
        "ours",
        "FEEL's numbers are decimals of 34 digits (10.3.2.3.1); feelin's are binary floats.",
        _expression(r"1500 \*\* 1500|0\.1 \+ 0\.2 = 0\.3"),
    ),
    Difference(
        "ours",
        "Moments and durations do not multiply or divide with one another; feelin computes with their milliseconds.",
        _expression(rf"{_MOMENT} [-*/] {_MOMENT}"),
    ),
    Difference("ours", "A duration may be multiplied with a number (10.3.2.3.7).", _expression(r'duration\("P1D"\) \* 2')),
    Difference("ours", "Positions count from 1; there is no character 0 (10.3.4.3).", _expression(r'substring\("Ada", 0\)')),
    Difference(
        "both",
        "The digits of a number as written are kept by us; they are the same number.",
        _expression(r"string\(1\.50\)"),
    ),
    Difference(
        "ours",
        "Types are written in lower case and may have parts (10.3.2.9); feelin 6 knows neither.",
        _expression(r"(?:1|tags) instance of .+"),
    ),
    Difference(
        "ours",
        "`every` is the conjunction of its conditions, and true and null is null (10.3.2.14, table 38).",
        _expression(r"every x in \[1, null\].+"),
    ),
    Difference("ours", "Only true takes `then` (10.3.2.14, table 66).", _expression(r'if "yes" .+')),
    Difference(
        "ours",
        "An end of a range that is null is no open end: whether 5 lies within is not known. feelin lets it pass.",
        lambda kind, text, _tested, _ours, _theirs: text == "5 in [1..null]" or (kind == "cell" and text == "[1..missing]"),
    ),
    Difference(
        "both", "A list of one is no number; feelin takes it as its item also where two values are compared.", _expression(r"\[1\] = 1")
    ),
    Difference(
        "ours",
        "Nothing that is null lets a rule fire unless the cell names null: feelin passes it through not(…), conditions, misspelt names.",
        lambda kind, _text, tested, ours, theirs: kind == "cell" and tested is None and ours is False and theirs is True,
    ),
    Difference(
        "ours",
        "A boolean is no number, and a text no number either: the cell cannot tell, so it does not pass. feelin reads true as 1, and what "
        "is of another type as unlike.",
        lambda kind, text, tested, ours, theirs: (
            kind == "cell" and ours is False and theirs is True and tested is not None and not _fits(text, tested)
        ),
    ),
    Difference(
        "ours",
        "In a column of booleans `true` matches only true, and so does a condition that holds; a variable is compared. feelin "
        "lets everything pass where a condition or variable is true.",
        lambda kind, text, tested, ours, theirs: (
            kind == "cell" and ours is False and theirs is True and (text == "approved" or (tested is False and "?" not in text))
        ),
    ),
)


def _fits(text: str, tested: object) -> bool:
    """Whether a cell is about values of the tested one's type."""
    numbers, texts = re.search(r"\d", text) is not None, '"' in text
    if isinstance(tested, bool):
        return not numbers and not texts
    return numbers if isinstance(tested, int) else texts
