"""What a FEEL text says about the inside of variables: the entries it reads, and those of a context that it builds."""

from collections.abc import Iterator

from engine.feel.parser import Parser
from engine.feel.syntax import ContextLiteral, For, FunctionLiteral, Name, Node, Path, Quantified, children


def entries_read(text: str) -> frozenset[tuple[str, str]]:
    """Each `variable.entry`, where the name is not bound inside of the text itself. The text must be one that compiles."""
    nodes = list(_all(_tree(text)))
    bound = {name for node in nodes for name in _bound(node)}
    return frozenset(
        (node.base.name, node.name)
        for node in nodes
        if isinstance(node, Path) and isinstance(node.base, Name) and node.base.name not in bound
    )


def entries_built(text: str) -> frozenset[str] | None:
    """The keys of the context that the text is; None where it is not one written out."""
    tree = _tree(text)
    return frozenset(tree.keys) if isinstance(tree, ContextLiteral) else None


def _tree(text: str) -> Node:
    return Parser(text.strip().removeprefix("=").strip()).whole_expression()


def _all(tree: Node) -> Iterator[Node]:
    """Every part, with a stack of its own: a long sum is a deep tree."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(children(node))


def _bound(node: Node) -> tuple[str, ...]:
    if isinstance(node, For | Quantified):
        return tuple(source.name for source in node.sources)
    if isinstance(node, ContextLiteral):
        return node.keys
    return node.parameters if isinstance(node, FunctionLiteral) else ()
