"""Closures of constants, variables, paths, lists, contexts and ranges."""

from engine.feel import syntax
from engine.feel.compiling.frames import MISSING, Closure, Compiler, Frame, lookup, raw_lookup, resolve
from engine.feel.library import BUILTINS
from engine.feel.operators import make_range
from engine.feel.properties import property_of
from engine.feel.values import ATOMS, Open, Range, bring_in


def literal(node: syntax.Literal, _compiler: Compiler) -> Closure:
    """A constant."""
    value = node.value
    return lambda _frame: value


def name(node: syntax.Name, _compiler: Compiler) -> Closure:
    """A variable; where no frame has it, the built-in function of that name; else null."""
    wanted = node.name
    builtin = BUILTINS.get(wanted)

    def read(frame: Frame) -> object:
        value = frame.values.get(wanted, MISSING)
        if type(value) in ATOMS:
            return value
        value = resolve(frame, wanted, value)
        return builtin if value is MISSING else value

    return read


def path(node: syntax.Path, compiler: Compiler) -> Closure:
    """`a.b.c`: from a variable, walk the host's own data and convert only what is found at the end."""
    keys = [node.name]
    base = node.base
    while isinstance(base, syntax.Path):
        keys.append(base.name)
        base = base.base
    if compiler.tracing or not isinstance(base, syntax.Name):
        return _property(compiler(node.base), node.name)
    keys.reverse()
    return _entry(base.name, keys[0]) if len(keys) == 1 else _entries(base.name, keys)


def _property(base: Closure, key: str) -> Closure:
    return lambda frame: property_of(base(frame), key)


def _entry(variable: str, key: str) -> Closure:
    def read(frame: Frame) -> object:
        value = frame.values.get(variable, MISSING)
        if value is MISSING:
            value = raw_lookup(frame, variable)
        if type(value) is dict:
            value = value.get(key)
            return value if type(value) in ATOMS else bring_in(frame.run, value)
        return _step(frame, value, key)

    return read


def _entries(variable: str, keys: list[str]) -> Closure:
    def read(frame: Frame) -> object:
        value = raw_lookup(frame, variable)
        for key in keys:
            value = value.get(key) if type(value) is dict else _step(frame, value, key)
        return value if type(value) in ATOMS else bring_in(frame.run, value)

    return read


def _step(frame: Frame, value: object, key: str) -> object:
    return None if value is MISSING else property_of(bring_in(frame.run, value), key)


def list_literal(node: syntax.ListLiteral, compiler: Compiler) -> Closure:
    """`[a, b]`."""
    items = [compiler(item) for item in node.items]

    def build(frame: Frame) -> object:
        frame.run.charge(len(items))
        return [item(frame) for item in items]

    return build


def context_literal(node: syntax.ContextLiteral, compiler: Compiler) -> Closure:
    """`{a: 1, b: a + 1}`: each entry sees the earlier ones."""
    entries = [(key, compiler(value)) for key, value in zip(node.keys, node.values, strict=True)]

    def build(frame: Frame) -> object:
        frame.run.charge(len(entries))
        result: dict[str, object] = {}
        inner = Frame(result, frame, frame.run)
        for key, value in entries:
            result[key] = value(inner)
        return result

    return build


def range_literal(node: syntax.RangeLiteral, compiler: Compiler) -> Closure:
    """`[low..high]`."""
    low_in, high_in = node.low_in, node.high_in
    if isinstance(node.low, syntax.Literal) and isinstance(node.high, syntax.Literal):
        constant = make_range(node.low.value, node.high.value, low_in=low_in, high_in=high_in)
        return lambda _frame: constant
    low, high = compiler(node.low), compiler(node.high)
    return lambda frame: make_range(low(frame), high(frame), low_in=low_in, high_in=high_in)


def comparison_range(node: syntax.ComparisonRange, compiler: Compiler) -> Closure:
    """`(< bound)`; `(!= bound)` is no range."""
    bound = compiler(node.bound)
    operator = node.operator

    def build(frame: Frame) -> object:
        value = bound(frame)
        if value is None:
            return None
        if operator in ("<", "<="):
            return make_range(Open.END, value, low_in=False, high_in=operator == "<=")
        if operator in (">", ">="):
            return make_range(value, Open.END, low_in=operator == ">=", high_in=False)
        return Range(value, value, low_in=True, high_in=True) if operator == "=" else None

    return build


def variable(frame: Frame, wanted: str) -> object:
    """The value of a variable, null where there is none."""
    value = lookup(frame, wanted)
    return None if value is MISSING else value
