"""Calls that can give nothing, whatever the variables are: of a function that is none, or with arguments that it does not take.

Variables are data, and no function is; so a name that is called is a built-in or a function that the text itself makes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from engine.feel import syntax
from engine.feel.library import BUILTINS
from engine.feel.library.registry import SIGNATURES, Signature
from engine.feel.variables import Bound, parts_of

#: What other houses have and we do not, with what to write.
_INSTEAD: Final = {
    "is defined": "Write x != null.",
    "uuid": "Take a number that the business gives, or let a service task make one.",
    "random number": "Let a service task draw it: what is evaluated twice must give the same.",
    "assert": "Write a gateway or an error event for what must not be.",
}


@dataclass(frozen=True, slots=True)
class WrongCall:
    """A call that is always null. `unknown` where there is no such function; else its arguments do not fit."""

    name: str
    why: str
    next_step: str
    unknown: bool


def wrong_calls(tree: syntax.Node, bound: Bound = frozenset()) -> Iterator[WrongCall]:
    """Those of a text in which the `bound` names may be functions. Works with its own stack: a long sum is a deep tree.

    A function of a context may call itself and those that come after it: they are there when it is called.
    """
    stack = [(tree, bound, frozenset[str]())]
    while stack:
        part, known, around = stack.pop()
        if isinstance(part, syntax.ContextLiteral):
            around = around.union(part.keys)
        elif isinstance(part, syntax.FunctionLiteral):
            known |= around
        if isinstance(part, syntax.Call) and isinstance(part.function, syntax.Name) and part.function.name not in known:
            yield from _of_call(part, part.function.name)
        stack += [(child, names, around) for child, names, _unsure in reversed(parts_of(part, known))]


def _of_call(call: syntax.Call, name: str) -> Iterator[WrongCall]:
    if name not in SIGNATURES:
        near = get_close_matches(name, BUILTINS, 1)
        instead = _INSTEAD.get(name) or (f"Write {near[0]}, if that is meant." if near else "Call a built-in function of FEEL.")
        yield WrongCall(name, f"there is no function {name}", instead, unknown=True)
    elif not any(_fits(signature, call) for signature in SIGNATURES[name]):
        given = (
            f"the names {', '.join(call.names)}"
            if call.names
            else f"{len(call.arguments) or 'no'} argument{'' if len(call.arguments) == 1 else 's'}"
        )
        taken = BUILTINS[name].signature
        yield WrongCall(name, f"{name} does not take {given}", f"Call it as {taken}; what has a ? may be left out.", unknown=False)


def _fits(signature: Signature, call: syntax.Call) -> bool:
    needed = [parameter.name for parameter in signature if not parameter.optional]
    if call.names:
        return set(needed) <= set(call.names) <= {parameter.name for parameter in signature}
    count = len(call.arguments)
    return len(needed) <= count and (count <= len(signature) or _goes_on(signature))


def _goes_on(signature: Signature) -> bool:
    return bool(signature) and signature[-1].variadic
