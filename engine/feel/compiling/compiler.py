"""The table of all kinds of nodes, and the two compilers: one for speed, one (in diagnostics) that watches."""

from collections.abc import Callable
from typing import Any, Final

from engine.feel import syntax
from engine.feel.compiling import basics, functions, loops, operations, tests
from engine.feel.compiling.frames import Closure, Compiler

COMPILERS: Final[dict[type[syntax.Node], Callable[[Any, Compiler], Closure]]] = {
    syntax.Literal: basics.literal,
    syntax.Name: basics.name,
    syntax.Path: basics.path,
    syntax.ListLiteral: basics.list_literal,
    syntax.ContextLiteral: basics.context_literal,
    syntax.RangeLiteral: basics.range_literal,
    syntax.ComparisonRange: basics.comparison_range,
    syntax.Negation: operations.negation,
    syntax.Arithmetic: operations.arithmetic,
    syntax.Comparison: operations.comparison,
    syntax.Logic: operations.logic,
    syntax.Between: operations.between,
    syntax.If: operations.condition,
    syntax.UnaryTests: tests.unary_tests,
    syntax.Membership: tests.membership,
    syntax.For: loops.for_loop,
    syntax.Quantified: loops.quantified,
    syntax.Filter: loops.filtered,
    syntax.Call: functions.call,
    syntax.FunctionLiteral: functions.function_literal,
    syntax.InstanceOf: functions.instance_of,
}


class FastCompiler:
    """Compiles for speed: parts may be merged and constants folded."""

    tracing = False

    @property
    def silent(self) -> Compiler:
        """Itself: it watches nothing."""
        return self

    def __call__(self, node: syntax.Node) -> Closure:
        """The closure of one node."""
        return COMPILERS[type(node)](node, self)
