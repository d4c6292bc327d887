"""What is always true of promises."""

from handlers.invariants import Invariant
from handlers.promising.allocations import OVERSOLD

INVARIANTS = (
    Invariant(
        "INV-43",
        "The shares of an item that are kept in a warehouse come to no more than the whole on any day.",
        OVERSOLD,
    ),
)
