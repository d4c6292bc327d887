"""Why something is null: the same tree, compiled so that every part reports its value, and the nulls explained where they begin."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.feel import syntax
from engine.feel.compiling.compiler import COMPILERS, FastCompiler
from engine.feel.compiling.frames import MISSING, Closure, Frame, lookup
from engine.feel.compiling.functions import predicate_of
from engine.feel.library import BUILTINS
from engine.feel.properties import PROPERTIES
from engine.feel.syntax import Node, children
from engine.feel.text import scalar_text
from engine.feel.values import Function, Range, kind_of

MAX_DIAGNOSTICS: Final = 50
#: Characters of a value that a reason shows.
MAX_SHOWN: Final = 40
#: The reason of every cell of a column that was given nothing.
TESTED_IS_NULL: Final = "the tested value is null"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A part of an expression that gave null of itself, not because one of its own parts had."""

    #: The part, as written.
    text: str
    #: Its offset in the whole text.
    position: int
    #: Why it gave null.
    reason: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A value, and what there is to say about how it came about."""

    value: object
    diagnostics: tuple[Diagnostic, ...]


class TracingCompiler:
    """Compiles a tree for one evaluation that is watched; slower, and for one use only."""

    tracing = True
    silent = FastCompiler()

    def __init__(self, text: str) -> None:
        self.text = text
        self.values: dict[int, object] = {}
        self.found: dict[int, Diagnostic] = {}
        self.explained: set[int] = set()

    def __call__(self, node: Node) -> Closure:
        """The closure of one node, which notes each value it gives."""
        closure = COMPILERS[type(node)](node, self)
        parts = list(_parts(node))

        def watched(frame: Frame) -> object:
            for child in parts:
                self.values.pop(id(child), None)
            value = closure(frame)
            self.values[id(node)] = value
            if isinstance(node, syntax.If) or (value is None and not self._told_below(node)):
                self._explain(node, frame)
            return value

        return watched

    def _told_below(self, node: Node) -> bool:
        """Whether a part is null for a reason already told; then it is the reason for the whole as well."""
        told = any(id(child) in self.explained and self.values.get(id(child), node) is None for child in _parts(node))
        self.explained |= {id(node)} if told else set()
        return told

    def _explain(self, node: Node, frame: Frame) -> None:
        explain = _REASONS.get(type(node))
        if explain is None or id(node) in self.found or len(self.found) >= MAX_DIAGNOSTICS:
            return
        reason = explain(node, self.values, frame)
        if reason:
            self.explained.add(id(node))
            self.found[id(node)] = Diagnostic(self.text[node.start : node.end], node.start, reason)


def _parts(node: Node) -> Iterator[Node]:
    """The parts that are evaluated on their own: of a test, what it compares with."""
    for child in children(node):
        if isinstance(child, syntax.Test | syntax.UnaryTests):
            yield from _parts(child)
        else:
            yield child


Values = Mapping[int, object]
Reason = Callable[[Any, Values, Frame], str]


def _name(node: syntax.Name, _values: Values, frame: Frame) -> str:
    if lookup(frame, node.name) is not MISSING:
        return ""
    item = lookup(frame, "item")
    if isinstance(item, dict):
        return f"neither the item nor the variables have {node.name}; the item has {_listed(item)}"
    return f"there is no variable {node.name}"


def _path(node: syntax.Path, values: Values, _frame: Frame) -> str:
    base = values.get(id(node.base))
    if base is None:
        return f"{node.name} is asked of null"
    if isinstance(base, dict):
        return "" if node.name in base else f"the context has no entry {node.name}; it has {_listed(base)}"
    known = PROPERTIES.get(type(base), {})
    if node.name in known:
        return f"this {kind_of(base)} has no {node.name}"
    return f"a {kind_of(base)} has no {node.name}" + (f"; it has {_listed(known)}" if known else "")


def _listed(names: Mapping[str, object]) -> str:
    shown = ", ".join(list(names)[:8])
    return f"{shown} …" if len(names) > 8 else shown or "none"  # noqa: PLR2004  # enough to spot a misspelling


def _arithmetic(node: syntax.Arithmetic, values: Values, _frame: Frame) -> str:
    left, right = values.get(id(node.left)), values.get(id(node.right))
    if left is None or right is None:
        return f"{kind_of(left)} {node.operator} {kind_of(right)} is null"
    if node.operator == "/" and not right:
        return "division by zero"
    if kind_of(left) == kind_of(right) == "number":
        return "the result is no number within range"
    return _unlike(left, node.operator, right)


def _unlike(left: object, operator: str, right: object) -> str:
    reason = f"{kind_of(left)} {operator} {kind_of(right)} has no meaning"
    kinds = {kind_of(left), kind_of(right)}
    if "string" not in kinds or len(kinds) == 1:
        return reason
    other = (kinds - {"string"}).pop()
    if other == "number":
        return f"{reason}; convert with number(…) or string(…)"
    wanted = {"date", "time", "date and time"} & kinds or {"duration"} & {word for kind in kinds for word in kind.split()}
    return f"{reason}; convert the string with {wanted.pop()}(…)" if wanted else reason


def _comparison(node: syntax.Comparison, values: Values, _frame: Frame) -> str:
    left, right = values.get(id(node.left)), values.get(id(node.right))
    if left is None or right is None:
        return f"{kind_of(left)} {node.operator} {kind_of(right)} is neither true nor false"
    if kind_of(left) == kind_of(right):
        return f"two values of type {kind_of(left)} like these cannot be compared with {node.operator}"
    return _unlike(left, node.operator, right)


def _logic(node: syntax.Logic, values: Values, _frame: Frame) -> str:
    found = [values[id(operand)] for operand in node.operands if id(operand) in values]
    wrong = sorted({kind_of(value) for value in found if not isinstance(value, bool)})
    return f"'{node.operator}' needs booleans, not {' and '.join(wrong)}" if wrong else ""


def _if(node: syntax.If, values: Values, _frame: Frame) -> str:
    condition = values.get(id(node.condition))
    if isinstance(condition, bool):
        return ""
    return f"the condition is {kind_of(condition)}, neither true nor false, so 'else' was taken"


def _negation(node: syntax.Negation, values: Values, _frame: Frame) -> str:
    value = values.get(id(node.operand))
    return "" if value is None else f"a {kind_of(value)} has no negative"


def _call(node: syntax.Call, values: Values, frame: Frame) -> str:
    function = _called(node, values, frame)
    if not isinstance(function, Function):
        return f"there is no function {node.function.name}" if isinstance(node.function, syntax.Name) else "this is no function"
    given = ", ".join(described(values.get(id(argument))) for argument in node.arguments)
    signature = function.signature or f"{function.name}({', '.join(function.parameters)})"
    return f"{signature} has no result for ({given})"


def described(value: object) -> str:
    """A value in few words: its kind and text; of a list the first item that is unlike those before it."""
    if isinstance(value, list):
        return _described_list(value)
    if value is None or isinstance(value, dict | Range | Function):
        return kind_of(value)
    text = scalar_text(value)
    return f"{kind_of(value)} {text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + '…'}"


def _described_list(items: list[object]) -> str:
    if not items:
        return "empty list"
    for place, item in enumerate(items, 1):
        if item is None or type(item) is not type(items[0]):
            return f"list whose item {place} is {described(item)}"
    return f"list of {len(items)}, each a {kind_of(items[0])}"


def _called(node: syntax.Call, values: Values, frame: Frame) -> object:
    if not isinstance(node.function, syntax.Name):
        return values.get(id(node.function))
    value = lookup(frame, node.function.name)
    return value if isinstance(value, Function) else BUILTINS.get(node.function.name)


def _filter(node: syntax.Filter, values: Values, _frame: Frame) -> str:
    return f"the {kind_of(values.get(id(node.base)))} has no item at this position"


def _for(_node: syntax.For, _values: Values, _frame: Frame) -> str:
    return "there is nothing to go through: a list or range is needed"


def _quantified(_node: syntax.Quantified, _values: Values, _frame: Frame) -> str:
    return "a list to go through is missing, or a condition is neither true nor false"


def _between(node: syntax.Between, values: Values, _frame: Frame) -> str:
    kinds = [kind_of(values.get(id(part))) for part in (node.value, node.low, node.high)]
    return f"{kinds[0]} between {kinds[1]} and {kinds[2]} cannot be compared"


def _membership(node: syntax.Membership, values: Values, _frame: Frame) -> str:
    value = values.get(id(node.value))
    return _unknown(node.tests, values) or f"the {kind_of(value)} cannot be compared with these"


def _tests(node: syntax.UnaryTests, values: Values, frame: Frame) -> str:
    unknown = _unknown(node, values)
    value = lookup(frame, "?")
    if unknown:
        return unknown
    return TESTED_IS_NULL if value is None or value is MISSING else f"the tested {kind_of(value)} cannot be compared with these"


def _unknown(node: syntax.UnaryTests, values: Values) -> str:
    """What the tests compare with and is null, or a range of which an end is null."""
    for test in node.tests:
        found = values.get(id(test.operand), node)
        if found is None:
            return "what it is compared with is null"
        if isinstance(found, Range) and None in (found.low, found.high):
            return f"the {'lower' if found.low is None else 'upper'} end of the range is null"
    return ""


def _range(node: syntax.RangeLiteral, values: Values, _frame: Frame) -> str:
    low, high = (kind_of(values.get(id(end))) for end in (node.low, node.high))
    return f"no range goes from this {low} to this {high}"


def _instance(node: syntax.InstanceOf, _values: Values, frame: Frame) -> str:
    return "" if predicate_of(node.type, frame.run.types or {}) else f"there is no type {node.type.name}"


_REASONS: Final[dict[type[Node], Reason]] = {
    syntax.Name: _name,
    syntax.Path: _path,
    syntax.Arithmetic: _arithmetic,
    syntax.Comparison: _comparison,
    syntax.Logic: _logic,
    syntax.If: _if,
    syntax.Negation: _negation,
    syntax.Call: _call,
    syntax.Filter: _filter,
    syntax.For: _for,
    syntax.Quantified: _quantified,
    syntax.Between: _between,
    syntax.Membership: _membership,
    syntax.UnaryTests: _tests,
    syntax.RangeLiteral: _range,
    syntax.InstanceOf: _instance,
}
