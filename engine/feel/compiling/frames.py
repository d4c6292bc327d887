"""Where a closure finds its variables: frames, innermost first, the last holding the host's own data."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from engine.feel.limits import Run
from engine.feel.syntax import Node
from engine.feel.values import ATOMS, bring_in

MISSING: Final = object()


class Frame:
    """The variables of one scope. Only the outermost frame (no parent) holds host values, converted when they are read."""

    __slots__ = ("parent", "run", "values")

    def __init__(self, values: Mapping[str, object], parent: "Frame | None", run: Run) -> None:
        self.values = values
        self.parent = parent
        self.run = run


Closure = Callable[[Frame], object]


class Compiler(Protocol):
    """Turns a part of the tree into a closure. While tracing, every part must be evaluated on its own."""

    tracing: bool

    @property
    def silent(self) -> "Compiler":
        """One that does not watch: for what is evaluated to learn something about the expression, not about the data."""

    def __call__(self, node: Node) -> Closure:
        """The closure of one node."""


def lookup(frame: Frame, name: str) -> object:
    """The value of a variable as FEEL; MISSING when no frame has it."""
    value = frame.values.get(name, MISSING)
    return value if type(value) in ATOMS else resolve(frame, name, value)


def resolve(frame: Frame, name: str, value: object) -> object:
    """The slow half of `lookup`: search the outer frames, convert what comes from the host."""
    while value is MISSING:
        if frame.parent is None:
            return MISSING
        frame = frame.parent
        value = frame.values.get(name, MISSING)
    return value if frame.parent is not None else bring_in(frame.run, value)


def raw_lookup(frame: Frame, name: str) -> object:
    """The value of a variable as it lies there, so that `order.total` need not convert the whole order."""
    value = frame.values.get(name, MISSING)
    while value is MISSING:
        if frame.parent is None:
            return MISSING
        frame = frame.parent
        value = frame.values.get(name, MISSING)
    return value
