"""Closures of calls, function literals and `instance of`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from engine.feel import syntax
from engine.feel.compiling.basics import variable
from engine.feel.compiling.frames import Closure, Compiler, Frame
from engine.feel.library import BUILTINS
from engine.feel.limits import Run
from engine.feel.values import KINDS, Function, Open, Range, kind_of

Predicate = Callable[[object], bool]

#: Names of simple types as `instance of` writes them; the camel-case ones stem from the DMN schema.
TYPE_NAMES: Final[dict[str, str]] = {
    **{name: name for name in KINDS.values()},
    "dayTimeDuration": "days and time duration",
    "yearMonthDuration": "years and months duration",
    "Null": "null",
}


def call(node: syntax.Call, compiler: Compiler) -> Closure:
    """A call with arguments by place or by name; null when what is called is no function."""
    find = _target(node.function, compiler)
    arguments = [compiler(argument) for argument in node.arguments]
    names = node.names

    def run(frame: Frame) -> object:
        function = find(frame)
        if not isinstance(function, Function):
            return None
        frame.run.charge(1)
        values = [argument(frame) for argument in arguments]
        if names:
            return function.named(frame.run, dict(zip(names, values, strict=True)))
        return function.call(frame.run, values)

    return run


def _target(node: syntax.Node, compiler: Compiler) -> Closure:
    if not isinstance(node, syntax.Name):
        return compiler(node)
    name, builtin = node.name, BUILTINS.get(node.name)

    def find(frame: Frame) -> object:
        # A variable named `count` or `date` must not take the built-in away.
        value = variable(frame, name)
        return value if isinstance(value, Function) else builtin

    return find


def function_literal(node: syntax.FunctionLiteral, compiler: Compiler) -> Closure:
    """`function(a: number) a + 1`, which sees the variables of the place where it stands."""
    body = compiler(node.body)
    parameters = node.parameters
    types = [predicate_of(kind, {}) if kind else None for kind in node.types]

    def build(frame: Frame) -> object:
        def invoke(run: Run, values: Sequence[object]) -> object:
            if len(values) != len(parameters):
                return None
            if any(fits and not fits(value) for fits, value in zip(types, values, strict=True)):
                return None
            run.enter()
            result = body(Frame(dict(zip(parameters, values, strict=True)), frame, run))
            run.leave()
            return result

        return Function(invoke, parameters)

    return build


def instance_of(node: syntax.InstanceOf, compiler: Compiler) -> Closure:
    """Whether the value is of the type, FEEL's own or one of the model; null when there is no such type."""
    value = compiler(node.value)
    fits = predicate_of(node.type, {})
    if fits is not None:
        return lambda frame: fits(value(frame))

    def run(frame: Frame) -> object:
        found = predicate_of(node.type, frame.run.types or {})
        return found(value(frame)) if found else None

    return run


def predicate_of(node: syntax.TypeName, types: Mapping[str, Predicate]) -> Predicate | None:
    """A test for the type; None when there is no such type."""
    if node.name == "Any":
        return lambda value: value is not None
    if node.parts:
        return _compound(node, types)
    kind = TYPE_NAMES.get(node.name)
    return types.get(node.name) if kind is None else lambda value: kind_of(value) == kind


def _compound(node: syntax.TypeName, types: Mapping[str, Predicate]) -> Predicate | None:
    parts = [part for part in (predicate_of(part, types) for part in node.parts) if part]
    if len(parts) < len(node.parts):
        return None
    if node.name == "list":
        return lambda value: isinstance(value, list) and all(map(parts[0], value))
    if node.name == "range":
        return lambda value: isinstance(value, Range) and _ends_fit(value, parts[0])
    if node.name == "function":
        return lambda value: isinstance(value, Function) and len(value.parameters) == len(parts)
    entries = list(zip(node.names, parts, strict=True))
    # Null conforms to every type (DMN 1.5, section 10.3.2.9.2): an entry may be null, but must be there.
    return lambda value: isinstance(value, dict) and all(key in value and (value[key] is None or fits(value[key])) for key, fits in entries)


def _ends_fit(value: Range, fits: Predicate) -> bool:
    return all(fits(end) for end in (value.low, value.high) if end is not Open.END)
