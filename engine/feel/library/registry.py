"""How a built-in is declared: a signature in text, from which arity, types, names and null handling follow.

`@builtin("substring", "string:s, start position:n, length:n?")` registers a function of plain values; `@metered(...)` one
that also gets the `Run`, because it builds or compares data and must pay for it. Several signatures are tried in order.

Types: `n` number, `s` string, `b` boolean, `d` date, `dt` date and time, `t` time, `dd` days and time duration, `ym` years
and months duration, `c` context, `r` range, `f` function, `*` anything, `l` list (a single value becomes a list of one);
`a|b` either. After the type: `?` optional, `+` one or more. A list of one is taken as its item where an item is wanted.
A required argument that is null or of another type makes the result null.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from engine.feel.decimals import NO_RESULT
from engine.feel.limits import Run
from engine.feel.values import Function, kind_of

BUILTINS: Final[dict[str, Function]] = {}

#: How each may be called.
SIGNATURES: Final[dict[str, tuple["Signature", ...]]] = {}

_LETTERS: Final = {
    "n": "number",
    "s": "string",
    "b": "boolean",
    "d": "date",
    "dt": "date and time",
    "t": "time",
    "dd": "days and time duration",
    "ym": "years and months duration",
    "c": "context",
    "r": "range",
    "f": "function",
}
_BAD: Final = object()
Body = Callable[..., object]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a signature; `kinds` is empty where anything goes."""

    name: str
    kinds: frozenset[str]
    is_list: bool
    optional: bool
    variadic: bool

    def accept(self, value: object) -> object:
        """The argument as the function wants it, or _BAD."""
        if value is None:
            return None if self.optional or not (self.kinds or self.is_list) else _BAD
        if self.is_list:
            return value if isinstance(value, list) else [value]
        if not self.kinds or kind_of(value) in self.kinds:
            return value
        if isinstance(value, list) and len(value) == 1 and kind_of(value[0]) in self.kinds:
            return value[0]
        return _BAD


Signature = tuple[Parameter, ...]


def builtin(name: str, *signatures: str) -> Callable[[Body], Body]:
    """Register a function of plain values under `name`."""

    def register(body: Body) -> Body:
        _add(name, signatures, lambda _run, *arguments: body(*arguments))
        return body

    return register


def metered(name: str, *signatures: str) -> Callable[[Body], Body]:
    """Register a function whose first argument is the Run it pays with."""

    def register(body: Body) -> Body:
        _add(name, signatures, body)
        return body

    return register


def _add(name: str, signatures: Sequence[str], body: Body) -> None:
    parsed = [_signature(text) for text in signatures]
    parameters = tuple(parameter.name for parameter in parsed[0])

    def call(run: Run, arguments: Sequence[object]) -> object:
        for signature in parsed:
            bound = _bind(signature, arguments)
            if bound is not None:
                return _guarded(body, run, bound)
        return None

    def call_named(run: Run, arguments: Mapping[str, object]) -> object:
        for signature in parsed:
            placed = _place(signature, arguments)
            bound = None if placed is None else _bind(signature, placed)
            if bound is not None:
                return _guarded(body, run, bound)
        return None

    described = " or ".join(dict.fromkeys(f"{name}({_described(signature)})" for signature in parsed))
    SIGNATURES[name] = tuple(parsed)
    BUILTINS[name] = Function(call, parameters, name, call_named, described)


def _guarded(body: Body, run: Run, arguments: list[Any]) -> object:
    try:
        return body(run, *arguments)
    except NO_RESULT:
        return None


def _signature(text: str) -> Signature:
    return tuple(_parameter(part.strip()) for part in text.split(",") if part.strip())


def _parameter(text: str) -> Parameter:
    name, _, kinds = text.partition(":")
    letters = kinds.rstrip("?+")
    named = frozenset() if letters in ("*", "l") else frozenset(_LETTERS[letter] for letter in letters.split("|"))
    return Parameter(name, named, letters == "l", kinds.endswith("?"), kinds.endswith("+"))


def _described(signature: Signature) -> str:
    return ", ".join(f"{parameter.name}{'?' if parameter.optional else ''}" for parameter in signature)


def _place(signature: Signature, arguments: Mapping[str, object]) -> list[object] | None:
    """Named arguments in the order of the signature, without the optional ones left out at the end."""
    names = [parameter.name for parameter in signature]
    if not set(arguments) <= set(names):
        return None
    placed = [arguments.get(name) for name in names]
    while placed and names[len(placed) - 1] not in arguments:
        placed.pop()
    return placed


def _bind(signature: Signature, arguments: Sequence[object]) -> list[object] | None:
    """The arguments as the signature wants them; None when they do not fit it."""
    parameters: Sequence[Parameter] = signature
    if signature and signature[-1].variadic:
        parameters = (*signature, *([signature[-1]] * (len(arguments) - len(signature))))
    if len(arguments) > len(parameters):
        return None
    if any(not parameter.optional for parameter in parameters[len(arguments) :]):
        return None
    bound: list[object] = []
    for parameter, argument in zip(parameters, arguments, strict=False):
        value = parameter.accept(argument)
        if value is _BAD:
            return None
        bound.append(value)
    return bound
