"""How much work a request may cause, counted where it is done: each step of an expression, each text compiled, each cell compared.

Every expression has a budget of its own; this is the one of all of them together, so that ten thousand small ones hold nobody longer
than a large one. It is counted and not timed, so that the same request is answered alike on a busy machine. What runs instances pays
nothing: it has its own bounds, and goes on in a worker where they are reached.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from engine.problems import TooLarge

#: Units of work of one request; a unit is a step of an expression, half a microsecond or so.
REQUEST_WORK: Final = 5_000_000


class TooMuchWork(TooLarge):
    """What was asked for takes more than a request may (HTTP 413)."""

    default_code = "too_much_work"


class _Allowance:
    """What is left of it."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left


_present: ContextVar[_Allowance | None] = ContextVar("work", default=None)


def begin(units: int = REQUEST_WORK) -> None:
    """From here on this thread has so much work to spend, until `end`."""
    _present.set(_Allowance(units))


def end() -> None:
    """The request is over: what this thread does now is nobody's to pay for."""
    _present.set(None)


def pay(units: int) -> None:
    """Pay for work that is about to be done. Raises TooMuchWork when a request has spent what it may."""
    allowance = _present.get()
    if allowance is None:
        return
    allowance.left -= units
    if allowance.left < 0:
        raise TooMuchWork(
            "This takes more work than a request may cause.",
            next_step="Make the tables, forms or expressions smaller, or do it by `ordercraft deploy`, which runs in a process of its own.",
        )


def spent(units: int = REQUEST_WORK) -> int:
    """How much of it was spent so far; nothing where nobody counts."""
    allowance = _present.get()
    return 0 if allowance is None else units - allowance.left


@contextmanager
def unbounded() -> Iterator[None]:
    """Do what has bounds of its own: what instances do, and reading what was deployed."""
    before = _present.set(None)
    try:
        yield
    finally:
        _present.reset(before)
