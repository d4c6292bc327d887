"""The syntax tree: what the parser makes of a text, the compiler of a tree, and diagnostics point at."""

from collections.abc import Iterator
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A part of an expression, with its place in the text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class Literal(Node):
    """A constant."""

    value: object


@dataclass(frozen=True, slots=True, eq=False)
class Name(Node):
    """A variable, or the name of a built-in function."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Path(Node):
    """`base.name`."""

    base: Node
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Filter(Node):
    """`base[condition]`, or an index."""

    base: Node
    condition: Node


@dataclass(frozen=True, slots=True, eq=False)
class Call(Node):
    """`function(arguments)`; `names` is empty or has a name for each argument."""

    function: Node
    arguments: tuple[Node, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Negation(Node):
    """`-operand`."""

    operand: Node


@dataclass(frozen=True, slots=True, eq=False)
class Arithmetic(Node):
    """`left operator right` with one of `+ - * / **`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True, eq=False)
class Comparison(Node):
    """`left operator right` with one of `= != < <= > >=`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True, eq=False)
class Logic(Node):
    """`and` or `or` of two or more operands."""

    operator: str
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Between(Node):
    """`value between low and high`."""

    value: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True, eq=False)
class Test(Node):
    """One unary test: an operator with its operand, or (operator empty) a value, range, list or condition on `?`."""

    operator: str
    operand: Node
    uses_input: bool


@dataclass(frozen=True, slots=True, eq=False)
class UnaryTests(Node):
    """Tests of which one must hold (none must, where negated); no tests at all, written `-`, always hold."""

    tests: tuple[Test, ...]
    negated: bool


@dataclass(frozen=True, slots=True, eq=False)
class Membership(Node):
    """`value in tests`."""

    value: Node
    tests: UnaryTests


@dataclass(frozen=True, slots=True, eq=False)
class If(Node):
    """`if condition then yes else no`."""

    condition: Node
    yes: Node
    no: Node


@dataclass(frozen=True, slots=True, eq=False)
class Source(Node):
    """`name in items`, or `name in items .. upto`."""

    name: str
    items: Node
    upto: Node | None


@dataclass(frozen=True, slots=True, eq=False)
class For(Node):
    """`for sources return body`."""

    sources: tuple[Source, ...]
    body: Node
    uses_partial: bool


@dataclass(frozen=True, slots=True, eq=False)
class Quantified(Node):
    """`some` (or `every`) `sources satisfies body`."""

    some: bool
    sources: tuple[Source, ...]
    body: Node


@dataclass(frozen=True, slots=True, eq=False)
class TypeName(Node):
    """A type: its name, and in angle brackets the types it is made of (with `names` for the entries of a context)."""

    name: str
    parts: tuple["TypeName", ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class InstanceOf(Node):
    """`value instance of type`."""

    value: Node
    type: TypeName


@dataclass(frozen=True, slots=True, eq=False)
class ListLiteral(Node):
    """`[items]`."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ContextLiteral(Node):
    """`{key: value}`; `key_places` says where each key stands in the text."""

    keys: tuple[str, ...]
    key_places: tuple[int, ...]
    values: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class RangeLiteral(Node):
    """`[low..high)`."""

    low: Node
    high: Node
    low_in: bool
    high_in: bool


@dataclass(frozen=True, slots=True, eq=False)
class ComparisonRange(Node):
    """`(< bound)`: a range with one open end."""

    operator: str
    bound: Node


@dataclass(frozen=True, slots=True, eq=False)
class FunctionLiteral(Node):
    """`function(parameters) body`."""

    parameters: tuple[str, ...]
    types: tuple[TypeName | None, ...]
    body: Node


def children(node: Node) -> Iterator[Node]:
    """The parts directly inside a node, in the order of the text."""
    for field in fields(node):
        value = getattr(node, field.name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, Node))


def within(node: Node) -> Iterator[Node]:
    """A part and all its parts. Works with its own stack: a long sum is a deep tree."""
    stack = [node]
    while stack:
        part = stack.pop()
        yield part
        stack += children(part)
