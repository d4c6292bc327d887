"""Small wrong changes to a Python module, each of which some test should notice, and how one is put into the running program.

A change is a piece of the source replaced by another. What it stands in is a function (its code is exchanged, wherever it was imported)
or a constant of the module (worked out anew, with the constants that are made of it). Left alone are texts for people (what has a blank,
f-strings, what is raised), names of columns in rows, defaults of parameters, and annotations.
"""

import ast
import gc
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from tests.mutation import sql_mutants

_COMPARED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_REVERSED = {ast.Lt: ast.Gt, ast.LtE: ast.Gt, ast.Gt: ast.Lt, ast.GtE: ast.Lt}
_CALCULATED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
_RENAMED = {"min": "max", "max": "min", "any": "all", "all": "any"}
_HIT = "__mutation_hit__"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: where it stands, what was there, and what is there instead.

    `sql` is the statement it changes, if it changes one (`*`: one of many that are read when asked), and `statement` what becomes of it.
    """

    file: str
    where: str
    line: int
    old: str
    new: str
    apply: Callable[[], None]
    lines: frozenset[int] = frozenset()
    sql: str = ""
    statement: str = ""

    @property
    def change(self) -> str:
        """The change in one line."""
        return f"{' '.join(self.old.split())}  →  {' '.join(self.new.split())}"


class Source:
    """A module as it is written, with its functions as they are loaded."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.path = Path(module.__file__ or "")
        self.text = self.path.read_text()
        self.tree = ast.parse(self.text)
        self._starts = [0]
        for line in self.text.encode().splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self.functions: dict[tuple[str, int], list[FunctionType]] = {}
        gc.unfreeze()  # what tests hold frozen is not among the objects
        for each in gc.get_objects():
            if isinstance(each, FunctionType) and each.__code__.co_filename == module.__file__:
                key = (each.__code__.co_qualname, each.__code__.co_firstlineno)
                self.functions.setdefault(key, []).append(each)

    def span(self, node: ast.AST) -> tuple[int, int]:
        """First and last byte of a node."""
        return self._starts[node.lineno - 1] + node.col_offset, self._starts[node.end_lineno - 1] + node.end_col_offset

    def replaced(self, node: ast.AST, by: str) -> str:
        """The source with a node replaced."""
        start, end = self.span(node)
        raw = self.text.encode()
        return (raw[:start] + by.encode() + raw[end:]).decode()

    def written(self, node: ast.AST) -> str:
        """The source of a node."""
        start, end = self.span(node)
        return self.text.encode()[start:end].decode()

    def mutants(self, only: str = "") -> Iterator[Mutant]:
        """Every change to the functions whose names match `only`, and to the constants."""
        for owner, name in _owners(self.tree, ""):
            if (only and not re.fullmatch(only, name)) or not (isinstance(owner, ast.FunctionDef) or self._is_read(name)):
                continue
            for node, old, new in _changes_in(owner):
                if isinstance(owner, ast.FunctionDef) or not new.startswith("text("):  # a constant of SQL loses its conditions as SQL
                    yield self._mutant(owner, name, node, (old, new))

    def _is_read(self, constant: str) -> bool:
        """Whether a function or another module reads it: what only a class is made with can be changed no more."""
        functions = [node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef)]
        inside = {each.id for function in functions for each in ast.walk(function) if isinstance(each, ast.Name)}
        others = [module for module in list(sys.modules.values()) if module is not None and module is not self.module]
        value = vars(self.module).get(constant)
        return constant in inside or any(vars(other).get(constant, _HIT) is value for other in others)

    def _mutant(self, owner: ast.stmt, name: str, node: ast.AST, change: tuple[str, str]) -> Mutant:
        text = self.replaced(node, change[1])
        lines: frozenset[int] = frozenset()
        if isinstance(owner, ast.FunctionDef):
            lines = frozenset({_statement_line(owner, node)})

            def apply() -> None:
                self.exchange(owner, name, text)
        else:

            def apply() -> None:
                self._rebind(owner, text)

        file = self.module.__name__.replace(".", "/") + ".py"
        written = change[0] if isinstance(node, ast.stmt) else self._around(node)
        return Mutant(file, name, node.lineno, written, self._around(node, change[1]), apply, lines)

    def _around(self, node: ast.AST, by: str | None = None) -> str:
        """The lines a node stands in, as they are or as they become."""
        start, end = self.span(node)
        raw = self.text.encode()
        first, last = self._starts[node.lineno - 1], self._starts[node.end_lineno]
        middle = raw[start:end] if by is None else by.encode()
        return (raw[first:start] + middle + raw[end:last]).decode().strip()

    def exchange(self, owner: ast.FunctionDef, name: str, text: str) -> None:
        """Give a loaded function the code it has in the changed source."""
        line = min([owner.lineno, *(each.lineno for each in owner.decorator_list)])
        code = _find(compile(text, str(self.module.__file__), "exec", dont_inherit=True), name, line)
        for function in self.functions[name, line]:
            function.__code__ = code

    def _rebind(self, owner: ast.stmt, text: str) -> None:
        """Work a constant out anew, with those made of it, in every module that has it by this name."""
        tree = ast.parse(text)
        place = self.tree.body.index(owner)
        changed: set[str] = set()
        for node in tree.body[place:]:
            names = _bound(node)
            used = {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}
            if not names or (changed and not used & changed):
                continue
            known = {name: vars(self.module)[name] for name in names}
            exec(compile(ast.Module([node], []), str(self.module.__file__), "exec"), vars(self.module))
            changed |= set(names)
            for module in list(sys.modules.values()):
                for name, value in known.items():
                    if module is not None and vars(module).get(name, _HIT) is value:
                        vars(module)[name] = vars(self.module)[name]

    def watch(self, hit: Callable[[str, int], None]) -> Callable[[], None]:
        """Let every statement of every function tell that it runs; answers what ends it."""
        kept = [(function, function.__code__) for functions in self.functions.values() for function in functions]
        tree = ast.fix_missing_locations(_Telling(self.module.__name__).visit(ast.parse(self.text)))
        vars(self.module)[_HIT] = hit
        whole = compile(tree, str(self.module.__file__), "exec", dont_inherit=True)
        for (name, line), functions in self.functions.items():
            code = _find(whole, name, line) if "<" not in name else None
            for function in functions:
                if code is not None and code.co_freevars == function.__code__.co_freevars:
                    function.__code__ = code

        def end() -> None:
            for function, code in kept:
                function.__code__ = code

        return end


def _owners(parent: ast.Module | ast.ClassDef, prefix: str) -> Iterator[tuple[ast.stmt, str]]:
    for node in parent.body:
        if isinstance(node, ast.FunctionDef):
            yield node, prefix + node.name
        elif isinstance(node, ast.ClassDef):
            yield from _owners(node, f"{prefix}{node.name}.")
        elif isinstance(parent, ast.Module) and _bound(node):
            yield node, _bound(node)[0]


def _bound(node: ast.stmt) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) and node.value else []
    return [each.id for each in targets if isinstance(each, ast.Name)]


def _statement_line(owner: ast.FunctionDef, wanted: ast.AST) -> int:
    """The line of the innermost statement a node stands in: what tells that it runs."""
    line = owner.body[0].lineno
    for each in ast.walk(owner):
        if isinstance(each, ast.stmt) and each is not owner and any(inner is wanted for inner in ast.walk(each)):
            line = each.lineno
    return line


def _changes_in(owner: ast.stmt) -> Iterator[tuple[ast.AST, str, str]]:
    roots: list[ast.AST] = list(owner.body) if isinstance(owner, ast.FunctionDef) else [owner.value]
    if isinstance(owner, ast.FunctionDef) and ast.get_docstring(owner) is not None:
        roots = roots[1:]
    for root in roots:
        for node in _visited(root):
            for new in _changes(node):
                yield node, ast.unparse(node), new


def _visited(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that may be changed: no texts for people, no annotations, no keys of rows."""
    if isinstance(node, ast.JoinedStr):
        return
    if isinstance(node, ast.Raise):
        yield node
        return
    yield node
    for name, value in ast.iter_fields(node):
        if not _is_left_alone(node, name, value):
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, ast.AST):
                    yield from _visited(each)


def _is_left_alone(node: ast.AST, name: str, value: Any) -> bool:
    if isinstance(node, ast.Dict):
        return name == "keys"
    if isinstance(node, ast.Subscript):
        return name == "slice" and isinstance(value, ast.Constant) and isinstance(value.value, str)
    return name in {"annotation", "returns", "decorator_list", "args"} and not isinstance(node, ast.Call)


@lru_cache(maxsize=1)
def _operators() -> tuple[Callable[[Any], Iterator[str]], ...]:
    return (_compare, _calculate, _logic, _constant, _statement, _call)


def _changes(node: ast.AST) -> Iterator[str]:
    for operator in _operators():
        yield from operator(node)


def _compare(node: ast.AST) -> Iterator[str]:
    if not isinstance(node, ast.Compare):
        return
    for place, given in enumerate(node.ops):
        for table in (_COMPARED, _REVERSED):
            if type(given) in table:
                ops = [*node.ops[:place], table[type(given)](), *node.ops[place + 1 :]]
                yield f"({ast.unparse(ast.Compare(node.left, ops, node.comparators))})"


def _calculate(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.BinOp) and type(node.op) in _CALCULATED:
        yield f"({ast.unparse(ast.BinOp(node.left, _CALCULATED[type(node.op)](), node.right))})"
    if isinstance(node, ast.AugAssign) and type(node.op) in _CALCULATED:
        yield ast.unparse(ast.AugAssign(node.target, _CALCULATED[type(node.op)](), node.value))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield f"({ast.unparse(node.operand)})"


def _logic(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield f"({ast.unparse(ast.BoolOp(other, node.values))})"
        for place in range(len(node.values)):
            rest = [*node.values[:place], *node.values[place + 1 :]]
            yield f"({ast.unparse(ast.BoolOp(node.op, rest) if len(rest) > 1 else rest[0])})"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield f"bool({ast.unparse(node.operand)})"
    if isinstance(node, ast.IfExp):
        yield f"({ast.unparse(node.body)})"
        yield f"({ast.unparse(node.orelse)})"
    if isinstance(node, ast.comprehension):
        return
    if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
        yield from _without_conditions(node)


def _without_conditions(node: Any) -> Iterator[str]:
    for loop in node.generators:
        for place, kept in enumerate(list(loop.ifs)):
            loop.ifs.pop(place)
            yield f"({text})" if (text := ast.unparse(node))[0] not in "([{" else text
            loop.ifs.insert(place, kept)


def _constant(node: ast.AST) -> Iterator[str]:
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    if isinstance(value, bool):
        yield str(not value)
    elif isinstance(value, int | float):
        yield repr(value + 1)
    elif isinstance(value, str) and value and not re.search(r"\s", value):
        yield repr(_near(value))


def _near(value: str) -> str:
    """Another text: the next number where it is one, for `Decimal("0.01")` is to change and not to break."""
    if re.fullmatch(r"\d+(\.\d+)?", value):
        whole, dot, part = value.partition(".")
        return f"{whole}{dot}{int(part) + 1:0{len(part)}d}1" if dot else str(int(value) + 1)
    return f"not-{value}"


def _statement(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Return) and node.value is not None and not (isinstance(node.value, ast.Constant) and not node.value.value):
        yield "return None"
    if isinstance(node, ast.Raise | ast.AugAssign) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        yield "pass"
    if isinstance(node, ast.Continue | ast.Break):
        yield "pass"
        yield "break" if isinstance(node, ast.Continue) else "continue"


def _call(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.If | ast.While):
        return
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id in _RENAMED:
            yield ast.unparse(ast.Call(ast.Name(_RENAMED[node.func.id]), node.args, node.keywords))
        if node.func.id == "abs":
            yield f"({ast.unparse(node.args[0])})"
        if node.func.id == "sorted" and node.args:
            yield f"list({ast.unparse(node.args[0])})"
        written = node.args[0] if node.func.id == "text" and node.args else None
        if isinstance(written, ast.Constant) and isinstance(written.value, str):
            for each in sql_mutants.of(written.value):
                yield f"text({each.sql!r})"


def _find(code: CodeType, name: str, line: int) -> CodeType:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            if each.co_qualname == name and each.co_firstlineno == line:
                return each
            if name.startswith(f"{each.co_qualname}."):
                return _find(each, name, line)
    raise LookupError(name)


class _Telling(ast.NodeTransformer):
    """Puts a word before every statement of every function."""

    def __init__(self, module: str) -> None:
        self.module = module

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for name in ("body", "orelse", "finalbody"):
            held = getattr(node, name, None)
            if isinstance(held, list) and not isinstance(node, ast.Module | ast.ClassDef):
                setattr(node, name, [told for each in held for told in (self._word(each), each)])
        return node

    def _word(self, statement: ast.stmt) -> ast.stmt:
        called = ast.Call(ast.Name(_HIT, ast.Load()), [ast.Constant(self.module), ast.Constant(statement.lineno)], [])
        return ast.copy_location(ast.Expr(called), statement)
