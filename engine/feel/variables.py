"""Which variables a tree reads: what the linter asks ("read, but never written")."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from engine.feel import syntax
from engine.feel.library import BUILTINS
from engine.feel.syntax import Node, children

Bound = frozenset[str]


@dataclass(slots=True)
class Reads:
    """Free variables: `certain` ones, and `possible` ones, which in a filter may be an entry of the item instead."""

    certain: set[str] = field(default_factory=set)
    possible: set[str] = field(default_factory=set)


def reads_of(node: Node, bound: Bound = frozenset()) -> Reads:
    """The free variables of a tree. Works with its own stack: a long sum is a deep tree."""
    reads = Reads()
    stack: list[tuple[Node, Bound, bool]] = [(node, bound, False)]
    while stack:
        part, known, unsure = stack.pop()
        if isinstance(part, syntax.Name):
            if part.name not in known:
                (reads.possible if unsure else reads.certain).add(part.name)
            continue
        stack += [(child, names, unsure or doubt) for child, names, doubt in parts_of(part, known)]
    return reads


Parts = list[tuple[Node, Bound, bool]]


def parts_of(node: Node, bound: Bound) -> Parts:
    """The parts of a node, each with the names bound there and whether it looks into an item first."""
    scopes = _BINDERS.get(type(node))
    return scopes(node, bound) if scopes else [(child, bound, False) for child in children(node)]


def _call(node: syntax.Call, bound: Bound) -> Parts:
    is_builtin = isinstance(node.function, syntax.Name) and node.function.name in BUILTINS
    return [(part, bound, False) for part in (*(() if is_builtin else (node.function,)), *node.arguments)]


def _filter(node: syntax.Filter, bound: Bound) -> Parts:
    return [(node.base, bound, False), (node.condition, bound | {"item"}, True)]


def _context(node: syntax.ContextLiteral, bound: Bound) -> Parts:
    return [(value, bound.union(node.keys[:place]), False) for place, value in enumerate(node.values)]


def _function(node: syntax.FunctionLiteral, bound: Bound) -> Parts:
    return [(node.body, bound.union(node.parameters), False)]


def _test(node: syntax.Test, bound: Bound) -> Parts:
    return [(node.operand, bound | {"?"} if node.uses_input else bound, False)]


def _type(_node: syntax.TypeName, _bound: Bound) -> Parts:
    return []


def _loop(node: syntax.For | syntax.Quantified, bound: Bound) -> Parts:
    parts: Parts = []
    for source in node.sources:
        parts += [(part, bound, False) for part in (source.items, source.upto) if part]
        bound = bound | {source.name}
    body = bound | {"partial"} if isinstance(node, syntax.For) else bound
    return [*parts, (node.body, body, False)]


_BINDERS: Final[dict[type[Node], Callable[[Any, Bound], Parts]]] = {
    syntax.Call: _call,
    syntax.Filter: _filter,
    syntax.ContextLiteral: _context,
    syntax.FunctionLiteral: _function,
    syntax.Test: _test,
    syntax.TypeName: _type,
    syntax.For: _loop,
    syntax.Quantified: _loop,
}
