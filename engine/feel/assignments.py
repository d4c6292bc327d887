"""The body of a script task: a context of assignments, done in order, that makes new values and changes none in place."""

from collections.abc import Mapping
from datetime import datetime

from engine.feel.calling import WrongCall, wrong_calls
from engine.feel.compiling.compiler import FastCompiler
from engine.feel.compiling.frames import MISSING, Closure, Frame, lookup
from engine.feel.errors import FeelLimitExceeded, FeelSyntaxError, FeelValueError
from engine.feel.expression import CACHED_TEXTS, pay_for_text, read_text, weigh
from engine.feel.library.contexts import put
from engine.feel.limits import DEFAULT_LIMITS, Limits, Run
from engine.feel.parser import Parser
from engine.feel.syntax import ContextLiteral
from engine.feel.values import kind_of
from engine.feel.variables import reads_of
from engine.kept import kept


class Assignments:
    """`{ total: price * quantity, "order.status": "priced" }`, compiled; immutable, safe to share between threads."""

    __slots__ = ("_steps", "_tree", "targets", "text", "variables")

    def __init__(self, text: str, tree: ContextLiteral) -> None:
        compiler = FastCompiler()
        paths = [_path(text, key, place) for key, place in zip(tree.keys, tree.key_places, strict=True)]
        #: The text it was compiled from, without a leading `=`.
        self.text = text
        #: What it assigns to, as written: `total`, `order.status`.
        self.targets = tree.keys
        #: Free variables it reads before it writes them itself.
        self.variables = _reads(tree, paths)
        self._tree = tree
        self._steps: list[tuple[list[str], Closure]] = [(path, compiler(value)) for path, value in zip(paths, tree.values, strict=True)]

    def __repr__(self) -> str:
        return f"Assignments({self.text!r})"

    @property
    def wrong_calls(self) -> tuple[WrongCall, ...]:
        """Calls in it that can give nothing."""
        return tuple(wrong_calls(self._tree))

    def apply(self, context: Mapping[str, object], limits: Limits = DEFAULT_LIMITS, *, now: datetime | None = None) -> dict[str, object]:
        """The variables that change, with their new values; the context itself and all that is in it stay as they are.

        A dotted target makes a new container around what was there. Raises FeelLimitExceeded, and FeelValueError where a
        dotted target leads into something that is no context.
        """
        run = Run(limits)
        run.moment = now
        changed: dict[str, object] = {}
        frame = Frame(changed, Frame(context, None, run), run)
        try:
            for path, closure in self._steps:
                changed[path[0]] = _assigned(frame, path, closure(frame))
            weigh(changed, run)
        except RecursionError:
            raise FeelLimitExceeded("it nests or calls too deeply") from None
        return changed


def _path(text: str, key: str, place: int) -> list[str]:
    path = key.split(".")
    if not all(part.strip() for part in path):
        raise FeelSyntaxError(f"{key!r} is no target of an assignment", text=text, position=place)
    return path


def _reads(tree: ContextLiteral, paths: list[list[str]]) -> frozenset[str]:
    written: set[str] = set()
    found: set[str] = set()
    for path, value in zip(paths, tree.values, strict=True):
        found |= reads_of(value, frozenset(written)).certain
        if len(path) == 1:
            written.add(path[0])
        elif path[0] not in written:
            found.add(path[0])  # the rest of the container is kept, so it is read
    return frozenset(found)


def _assigned(frame: Frame, path: list[str], value: object) -> object:
    """The new value of the variable `path[0]`."""
    if len(path) == 1:
        return value
    container = lookup(frame, path[0])
    if container is MISSING or container is None:
        container = {}
    result = put(frame.run, container, path[1:], value) if isinstance(container, dict) else None
    if result is None:
        raise FeelValueError(
            f"Cannot set {'.'.join(path)}: {path[0]} is a {kind_of(container)} or holds one on the way.",
            next_step="Assign the whole variable, or choose another name.",
        )
    return result


def compile_assignments(text: str) -> Assignments:
    """Compile the body of a script task; raises FeelSyntaxError with the place and what was expected there."""
    return _compiled(text)


@kept(CACHED_TEXTS, len)
def _compiled(text: str) -> Assignments:
    pay_for_text(text)
    return read_text(text, lambda plain: Assignments(plain, Parser(plain).whole_assignments()))
