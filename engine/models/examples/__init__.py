"""For each rule of the linter a bundle that breaks it and one that does not, for the page of the rule.

The files beside this one are written by `python -m tests.rule_examples` from the cases that the tests of the linter run, so that what the
page shows is what the check says.
"""

import difflib
import inspect
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.models.bundle import Severity
from engine.models.linter import RULES

_HERE = Path(__file__).parent
#: Lines around those that differ.
_AROUND = 1
_MOST_LINES = 16


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an example; `differs` where the other example has another."""

    text: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What two examples differ in, in one of their files."""

    path: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the linter: its name, how grave its findings are and why it is one."""

    name: str
    severity: Severity
    why: str


@dataclass(frozen=True, slots=True)
class RuleExample:
    """What the check says of the wrong example, and what the right one has instead."""

    rule: Rule
    element_id: str
    severity: Severity
    message: str
    next_step: str
    wrong: Sequence[Excerpt]
    right: Sequence[Excerpt]


@cache
def rules() -> Sequence[Rule]:
    """Every rule, in the order of names."""
    return tuple(Rule(name, severity, inspect.getdoc(check) or "") for name, (severity, check) in sorted(RULES.items()))


@cache
def example_of(name: str) -> RuleExample | None:
    """The example of a rule; None where there is no such rule."""
    rule = next((each for each in rules() if each.name == name), None)
    if rule is None:
        return None
    told = json.loads((_HERE / f"{name}.json").read_text(encoding="utf-8"))
    wrong, right = told["wrong"], told["right"]
    return RuleExample(
        rule, told["element_id"], told["severity"], told["message"], told["next_step"], _excerpts(wrong, right), _excerpts(right, wrong)
    )


def _excerpts(files: dict[str, list[str]], others: dict[str, list[str]]) -> tuple[Excerpt, ...]:
    """Of each file that differs the lines that do, with those around them."""
    found = [Excerpt(path, tuple(_lines(lines, others.get(path, [])))) for path, lines in files.items()]
    return tuple(each for each in found if each.lines)


def _lines(lines: Sequence[str], others: Sequence[str]) -> Iterator[Line]:
    changed: set[int] = set()
    shown: set[int] = set()
    for kind, begin, end, _, _ in difflib.SequenceMatcher(None, lines, others, autojunk=False).get_opcodes():
        if kind != "equal":
            changed.update(range(begin, end))
            shown.update(range(max(begin - _AROUND, 0), min(max(end, begin) + _AROUND, len(lines))))
    last = None
    for place in sorted(shown)[:_MOST_LINES]:
        if last is not None and place > last + 1:
            yield Line("…", differs=False)
        yield Line(lines[place], place in changed)
        last = place
    if len(shown) > _MOST_LINES:
        yield Line("…", differs=False)
