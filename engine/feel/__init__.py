"""FEEL, the expression language of DMN 1.5: for conditions, mappings, timers, scripts, decision tables and forms.

Compile a text once (`compile_expression`, `compile_unary_tests`, `compile_assignments`), evaluate it often. Evaluation is
exact (34 decimal digits), bounded (`Limits`), reaches no Python object, and gives null where there is no result;
`Expression.diagnose` says why.

Imports nothing of the house but `engine.problems` and `engine.iso8601`. Where to look: `values` (what there is), `lexer`, `cursor` and
`parser` (text to tree), `compiling/` (tree to closures), `operators` and `temporal` (what `+` and `<` mean), `library/` (built-in
functions), `limits` (budgets), `calling` (calls that can give nothing), `tracing` (diagnostics), `times` (for timers), `expression` and
`assignments` (the public objects).
"""

from engine.feel.assignments import Assignments, compile_assignments
from engine.feel.calling import WrongCall
from engine.feel.errors import FeelLimitExceeded, FeelSyntaxError, FeelValueError
from engine.feel.expression import Expression, compile_expression, compile_unary_tests
from engine.feel.limits import DEFAULT_LIMITS, Limits
from engine.feel.text import duration_iso, to_json
from engine.feel.times import after, as_duration, as_instant, told
from engine.feel.tracing import Diagnostic, Evaluation
from engine.feel.values import Function, Range, YearsMonths, kind_of, to_feel

__all__ = [
    "DEFAULT_LIMITS",
    "Assignments",
    "Diagnostic",
    "Evaluation",
    "Expression",
    "FeelLimitExceeded",
    "FeelSyntaxError",
    "FeelValueError",
    "Function",
    "Limits",
    "Range",
    "WrongCall",
    "YearsMonths",
    "after",
    "as_duration",
    "as_instant",
    "compile_assignments",
    "compile_expression",
    "compile_unary_tests",
    "duration_iso",
    "kind_of",
    "to_feel",
    "to_json",
    "told",
]
