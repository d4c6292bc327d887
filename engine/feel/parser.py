"""Text into a syntax tree: recursive descent with precedence climbing (DMN 1.5, section 10.3.1.2).

Left out on purpose: external functions (they would reach Python), and anything whose reading depends on live data: names
that hold operators must be declared.
"""

from collections.abc import Callable, Collection
from decimal import DecimalException
from typing import Final

from engine.feel import syntax
from engine.feel.decimals import CONTEXT
from engine.feel.lexer import unquoted
from engine.feel.syntax import Node
from engine.feel.temporal import parse_temporal
from engine.feel.type_reader import TypeReader

_OR, _AND, _COMPARE, _ADD, _MULTIPLY, _POWER, _UNARY = range(1, 8)
_COMPARISONS: Final = ("=", "!=", "<", "<=", ">", ">=")
_LEVELS: Final = {
    "or": _OR,
    "and": _AND,
    **dict.fromkeys((*_COMPARISONS, "between", "in"), _COMPARE),
    "+": _ADD,
    "-": _ADD,
    "*": _MULTIPLY,
    "/": _MULTIPLY,
    "**": _POWER,
}
#: What no expression begins with; the end of the text is empty.
_NEVER_FIRST: Final = ("", ")", "]", "}", ",", ":", ".", "and", "or", "then", "else", "return", "satisfies", "in")
_CONSTANTS: Final = {"true": True, "false": False, "null": None}


class Parser(TypeReader):
    """Reads one expression, one list of unary tests, or one context of assignments."""

    def __init__(self, text: str, names: Collection[str] = (), inputs: Collection[str] = ()) -> None:
        super().__init__(text, names)
        #: Names of the tested value.
        self.inputs = {"?", *inputs}
        self.saw_input = False
        self.ranges_open = 0

    # --- whole texts

    def whole_expression(self) -> Node:
        """The expression that is the whole text."""
        node = self.expression()
        self.need_end()
        return node

    def whole_tests(self) -> syntax.UnaryTests:
        """The unary tests that are the whole text (grammar rule 15)."""
        if self.sees("-") and self.following().kind == "end":
            return syntax.UnaryTests(self.token.start, self.token.end, (), negated=False)
        start = self.token.start
        if self.sees("not") and self.following().text == "(":
            tests = self._negated_tests()
            if tests is not None:
                return tests
        found = self._test_list()
        self.need_end()
        return syntax.UnaryTests(start, self.last_end, found, negated=False)

    def _negated_tests(self) -> syntax.UnaryTests | None:
        """`not(tests)`; None when it proves to be the function `not` within a longer expression."""
        start = self.token.start
        self.index += 2
        found = self._test_list()
        self.need(")")
        if self.token.kind == "end":
            return syntax.UnaryTests(start, self.last_end, found, negated=True)
        self.index = 0
        return None

    def whole_assignments(self) -> syntax.ContextLiteral:
        """The context literal that is the whole text."""
        if not self.sees("{"):
            self.fail("'{' and a list of assignments, for instance { total: price * quantity }")
        node = self._context()
        self.need_end()
        return node

    # --- expressions

    def expression(self) -> Node:
        """Any expression (grammar rule 1)."""
        self.descend()
        form = self._form()
        node = form() if form else self.binary(_OR)
        self.depth -= 1
        return node

    def _form(self) -> Callable[[], Node] | None:
        token = self.token
        if token.kind != "name" or self.sees_special_name():
            return None
        if token.text == "function" and self.following().text == "(":
            return self._function
        return {"if": self._if, "for": self._for, "some": self._quantified, "every": self._quantified}.get(token.text)

    def _if(self) -> Node:
        start = self.token.start
        self.index += 1
        condition = self.expression()
        self.need("then")
        yes = self.expression()
        self.need("else")
        no = self.expression()
        return syntax.If(start, self.last_end, condition, yes, no)

    def _for(self) -> Node:
        start = self.token.start
        self.index += 1
        sources = self._sources()
        self.need("return")
        first = self.index
        body = self.expression()
        uses_partial = any(token.text == "partial" for token in self.tokens[first : self.index])
        return syntax.For(start, self.last_end, sources, body, uses_partial)

    def _quantified(self) -> Node:
        start = self.token.start
        some = self.take("some", "every") == "some"
        sources = self._sources()
        self.need("satisfies")
        body = self.expression()
        return syntax.Quantified(start, self.last_end, some, sources, body)

    def _sources(self) -> tuple[syntax.Source, ...]:
        sources = [self._source()]
        while self.take(","):
            sources.append(self._source())
        return tuple(sources)

    def _source(self) -> syntax.Source:
        start = self.token.start
        name = self.name()
        self.need("in")
        items = self.expression()
        upto = self.expression() if self.take("..") else None
        return syntax.Source(start, self.last_end, name, items, upto)

    def _function(self) -> Node:
        start = self.token.start
        self.index += 2
        names: list[str] = []
        types: list[syntax.TypeName | None] = []
        while not self.take(")"):
            names.append(self.name())
            types.append(self.type_name() if self.take(":") else None)
            self.separate(")")
        if self.sees("external"):
            self.fail("the body of the function (external functions are not allowed)")
        body = self.expression()
        return syntax.FunctionLiteral(start, self.last_end, tuple(names), tuple(types), body)

    def binary(self, level: int) -> Node:
        """An expression of operators that bind at least as strongly as `level`."""
        start = self.token.start
        left = self._unary()
        while True:
            token = self.token
            found = _LEVELS.get(token.text, 0) if token.kind in ("symbol", "name") else 0
            if found < level or not found:
                return left
            self.index += 1
            left = self._operation(start, left, token.text, found)

    def _operation(self, start: int, left: Node, operator: str, level: int) -> Node:
        """`left operator …`, which began at `start`: at a bracket, perhaps, that the left part does not have."""
        if level <= _AND:
            return self._logic(start, left, operator, level)
        if operator == "between":
            low = self.binary(_ADD)
            self.need("and")
            high = self.binary(_ADD)
            return syntax.Between(start, self.last_end, left, low, high)
        if operator == "in":
            tests = self._membership_tests()
            return syntax.Membership(start, self.last_end, left, tests)
        right = self.binary(level + 1)
        make = syntax.Comparison if level == _COMPARE else syntax.Arithmetic
        return make(start, self.last_end, operator, left, right)

    def _logic(self, start: int, left: Node, operator: str, level: int) -> Node:
        operands = [left, self.binary(level + 1)]
        while self.take(operator):
            operands.append(self.binary(level + 1))
        return syntax.Logic(start, self.last_end, operator, tuple(operands))

    def _unary(self) -> Node:
        start = self.token.start
        signs = 0
        while self.take("-"):
            signs += 1
        first = self.token.start
        node = self._postfix(first, self._primary())
        while self.sees("instance") and self.following().text == "of":
            self.index += 2
            wanted = self.type_name()
            node = syntax.InstanceOf(first, self.last_end, node, wanted)
        if signs % 2:
            return syntax.Negation(start, self.last_end, node)
        return syntax.Negation(start, self.last_end, syntax.Negation(start, self.last_end, node)) if signs else node

    def _postfix(self, start: int, node: Node) -> Node:
        while True:
            if self.take("."):
                name = self.name()
                node = syntax.Path(start, self.last_end, node, name)
            elif self.sees("[") and not self._closes_range():
                self.index += 1
                condition = self.expression()
                self.need("]")
                node = syntax.Filter(start, self.last_end, node, condition)
            elif self.take("("):
                node = self._call(start, node)
            else:
                return node

    def _closes_range(self) -> bool:
        """Whether this `[` ends a range, as in `]18..65[`, because no condition can follow it."""
        return self.ranges_open > 0 and self.following().text in _NEVER_FIRST

    def _call(self, start: int, function: Node) -> Node:
        names: list[str] = []
        arguments: list[Node] = []
        while not self.take(")"):
            place = self.token.start
            name = self.argument_name()
            if arguments and bool(name) != bool(names):
                self.fail_at(place, "either all arguments are named or none is")
            names += [name] if name else []
            arguments.append(self.expression())
            self.separate(")")
        return syntax.Call(start, self.last_end, function, tuple(arguments), tuple(names))

    # --- the smallest parts

    def _primary(self) -> Node:
        token = self.token
        if token.kind in ("number", "string", "moment"):
            self.index += 1
            return syntax.Literal(token.start, token.end, self._constant(token.kind, token.text, token.start))
        if token.kind == "name":
            return self._word()
        opened = {"(": self._parenthesis, "[": self._list, "]": self._open_range, "{": self._context}.get(token.text)
        if opened is None:
            self.fail("a value")
        return opened()

    def _constant(self, kind: str, text: str, place: int) -> object:
        if kind == "string":
            return unquoted(text)
        if kind == "moment":
            value = parse_temporal(unquoted(text[1:]))
            if value is None:
                self.fail_at(place, f"{text} is no date, time, date and time or duration")
            return value
        try:
            return CONTEXT.create_decimal(text)
        except DecimalException:
            return self.fail_at(place, f"the number {text} is too large")

    def _word(self) -> Node:
        token = self.token
        if not self.sees_special_name():
            if token.text in _CONSTANTS:
                self.index += 1
                return syntax.Literal(token.start, token.end, _CONSTANTS[token.text])
            if self._form():
                return self.expression()
        name = self.name()
        self.saw_input = self.saw_input or name in self.inputs
        return syntax.Name(token.start, self.last_end, name)

    def _parenthesis(self) -> Node:
        start = self.token.start
        self.index += 1
        operator = self.take(*_COMPARISONS)
        if operator:
            bound = self.binary(_ADD)
            self.need(")")
            return syntax.ComparisonRange(start, self.last_end, operator, bound)
        node = self.expression()
        if self.take(".."):
            return self._range(start, node, low_in=False)
        self.need(")")
        return node

    def _list(self) -> Node:
        start = self.token.start
        self.index += 1
        if self.take("]"):
            return syntax.ListLiteral(start, self.last_end, ())
        items = [self.expression()]
        if self.take(".."):
            return self._range(start, items[0], low_in=True)
        while not self.take("]"):
            self.separate("]")
            items.append(self.expression())
        return syntax.ListLiteral(start, self.last_end, tuple(items))

    def _open_range(self) -> Node:
        start = self.token.start
        self.index += 1
        low = self.expression()
        self.need("..")
        return self._range(start, low, low_in=False)

    def _range(self, start: int, low: Node, *, low_in: bool) -> Node:
        self.ranges_open += 1
        high = self.expression()
        self.ranges_open -= 1
        closing = self.take("]", ")", "[")
        if not closing:
            self.fail("']' or ')' to close the range")
        return syntax.RangeLiteral(start, self.last_end, low, high, low_in, closing == "]")

    def _context(self) -> syntax.ContextLiteral:
        start = self.token.start
        self.index += 1
        keys: dict[str, int] = {}
        values: list[Node] = []
        while not self.take("}"):
            place = self.token.start
            kind = self.token.kind
            key = unquoted(self.key()) if kind == "string" else self.key()
            if key in keys:
                self.fail_at(place, f"the entry {key!r} occurs twice")
            self.need(":")
            values.append(self.expression())
            keys[key] = place
            self.declare(key)
            self.separate("}")
        return syntax.ContextLiteral(start, self.last_end, tuple(keys), tuple(keys.values()), tuple(values))

    # --- unary tests

    def _test_list(self) -> tuple[syntax.Test, ...]:
        tests = [self._test(_OR)]
        while self.take(","):
            tests.append(self._test(_OR))
        return tuple(tests)

    def _test(self, level: int) -> syntax.Test:
        start = self.token.start
        operator = self.take(*_COMPARISONS)
        before, self.saw_input = self.saw_input, False
        operand = self.expression() if level == _OR and not operator else self.binary(_ADD)
        uses_input, self.saw_input = self.saw_input, before
        return syntax.Test(start, self.last_end, operator, operand, uses_input)

    def _membership_tests(self) -> syntax.UnaryTests:
        start = self.token.start
        tests = self._parenthesised_tests() if self.sees("(") else (self._test(_ADD),)
        return syntax.UnaryTests(start, self.last_end, tests, negated=False)

    def _parenthesised_tests(self) -> tuple[syntax.Test, ...]:
        """`(tests)`, where a single one may prove to be an open range or the beginning of a longer operand."""
        start = self.token.start
        self.index += 1
        tests = self._test_list()
        first = tests[0]
        alone = len(tests) == 1 and not first.operator
        if alone and self.take(".."):
            interval = self._postfix(start, self._range(start, first.operand, low_in=False))
            return (syntax.Test(start, self.last_end, "", interval, first.uses_input),)
        self.need(")")
        if alone and self.sees(".", "[", "("):
            longer = self._postfix(start, first.operand)
            return (syntax.Test(start, self.last_end, "", longer, first.uses_input),)
        return tests
