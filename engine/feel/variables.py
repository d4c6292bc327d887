"""Which variables a tree reads: what the linter asks ("read, but never written")."""

from dataclasses import dataclass, field

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
        stack += [(child, names, unsure or doubt) for child, names, doubt in _scopes(part, known)]
    return reads


def _scopes(node: Node, bound: Bound) -> list[tuple[Node, Bound, bool]]:
    """The parts of a node, each with the names bound there and whether it looks into an item first."""
    if isinstance(node, syntax.Call):
        named_builtin = isinstance(node.function, syntax.Name) and node.function.name in BUILTINS
        parts = node.arguments if named_builtin else (node.function, *node.arguments)
        return [(part, bound, False) for part in parts]
    if isinstance(node, syntax.Filter):
        return [(node.base, bound, False), (node.condition, bound | {"item"}, True)]
    if isinstance(node, syntax.For | syntax.Quantified):
        return _loop_scopes(node, bound)
    if isinstance(node, syntax.ContextLiteral):
        seen = [bound.union(node.keys[:place]) for place in range(len(node.keys))]
        return [(value, names, False) for value, names in zip(node.values, seen, strict=True)]
    if isinstance(node, syntax.FunctionLiteral):
        return [(node.body, bound.union(node.parameters), False)]
    if isinstance(node, syntax.Test) and node.uses_input:
        return [(node.operand, bound | {"?"}, False)]
    if isinstance(node, syntax.TypeName):
        return []
    return [(child, bound, False) for child in children(node)]


def _loop_scopes(node: syntax.For | syntax.Quantified, bound: Bound) -> list[tuple[Node, Bound, bool]]:
    parts: list[tuple[Node, Bound, bool]] = []
    for source in node.sources:
        parts += [(part, bound, False) for part in (source.items, source.upto) if part]
        bound = bound | {source.name}
    body = bound | {"partial"} if isinstance(node, syntax.For) else bound
    return [*parts, (node.body, body, False)]
