"""What other rooms use: compile a text once, evaluate it often."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from decimal import DecimalException
from typing import Final, TypeVar

from engine.feel.calling import WrongCall, wrong_calls
from engine.feel.compiling.compiler import FastCompiler
from engine.feel.compiling.frames import Closure, Frame
from engine.feel.errors import FeelLimitExceeded, FeelSyntaxError
from engine.feel.limits import DEFAULT_LIMITS, MAX_NESTING, Limits, Run
from engine.feel.parser import Parser
from engine.feel.syntax import Node
from engine.feel.tracing import Evaluation, TracingCompiler
from engine.feel.variables import reads_of
from engine.kept import kept
from engine.work import pay

T = TypeVar("T")

#: Characters of the texts that are kept compiled: each takes some 350 bytes.
CACHED_TEXTS: Final = 60_000
#: What compiling costs, in steps: each text, and each of its characters.
_TEXT_STEPS, _CHARACTER_STEPS = 100, 5
_TOO_DEEP: Final = "it nests or calls too deeply"


class Expression:
    """A FEEL expression (or the unary tests of one cell), parsed and compiled; immutable, safe to share between threads."""

    __slots__ = ("_closure", "_tree", "possible_variables", "text", "variables")

    def __init__(self, text: str, tree: Node) -> None:
        reads = reads_of(tree, frozenset({"?"}))
        #: The text it was compiled from, without a leading `=`.
        self.text = text
        #: Free variables it reads; the tested value `?` is none.
        self.variables = frozenset(reads.certain)
        #: Names in filter conditions, which an item's entry may supply instead of a variable.
        self.possible_variables = frozenset(reads.possible - reads.certain)
        self._tree = tree
        self._closure = FastCompiler()(tree)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    @property
    def tree(self) -> Node:
        """What it was compiled from, for those who look at texts rather than values."""
        return self._tree

    @property
    def wrong_calls(self) -> tuple[WrongCall, ...]:
        """Calls in it that can give nothing."""
        return tuple(wrong_calls(self._tree))

    def evaluate(self, context: Mapping[str, object], limits: Limits = DEFAULT_LIMITS, *, now: datetime | None = None) -> object:
        """The value in a context of host data; null (None) wherever FEEL has no result.

        The value is made of the types listed in `engine.feel.values` and may share parts with the context, which is never
        changed. `now` is the moment `now()` and `today()` give. Raises FeelLimitExceeded, and nothing else.
        """
        run = Run(limits)
        if now is not None:
            run.moment = now
        return _evaluated(self._closure, Frame(context, None, run))

    def evaluate_within(self, run: Run, context: Mapping[str, object]) -> object:
        """The value as a part of a larger evaluation, on whose budget it runs and who answers for RecursionError."""
        return self._closure(Frame(context, None, run))

    def evaluate_on(self, run: Run, context: Mapping[str, object]) -> object:
        """The value on a budget that others draw on too; as `evaluate`, raises FeelLimitExceeded, and nothing else."""
        return _evaluated(self._closure, Frame(context, None, run))

    def diagnose(self, context: Mapping[str, object], limits: Limits = DEFAULT_LIMITS, *, now: datetime | None = None) -> Evaluation:
        """Evaluate slowly, and say for each part that gave null of itself why it did."""
        run = Run(limits)
        run.moment = now
        tracer = TracingCompiler(self.text)

        def watched(frame: Frame) -> object:
            return tracer(self._tree)(frame)  # compiled inside, where a tree that is too deep is answered for

        value = _evaluated(watched, Frame(context, None, run))
        return Evaluation(value, tuple(sorted(tracer.found.values(), key=lambda found: found.position)))


def _evaluated(closure: Closure, frame: Frame) -> object:
    try:
        value = closure(frame)
        if type(value) is list or type(value) is dict:
            weigh(value, frame.run)
    except RecursionError:
        raise FeelLimitExceeded(_TOO_DEEP) from None
    except DecimalException:  # only a NaN in the host's own data comes this far
        return None
    return value


def weigh(value: object, run: Run) -> None:
    """Pay for all a result holds: parts that are shared in memory are written out again when it is stored or sent."""
    level = [value]
    for _ in range(MAX_NESTING):
        following: list[object] = []
        for item in level:
            inner = list(item.values()) if isinstance(item, dict) else item if isinstance(item, list) else []
            run.charge(len(inner))
            following += [part for part in inner if isinstance(part, list | dict)]
        if not following:
            return
        level = following
    raise FeelLimitExceeded(f"the result nests deeper than {MAX_NESTING} levels")


def compile_expression(text: str, names: Collection[str] = ()) -> Expression:
    """Compile an expression; `names` are declared variables whose names hold operators or keywords.

    A leading `=` is dropped, as Camunda 8 writes it. Raises FeelSyntaxError with the place and what was expected there.
    """
    return _compiled(text, frozenset(names), frozenset(), Parser.whole_expression)


def compile_unary_tests(text: str, names: Collection[str] = (), inputs: Collection[str] = ()) -> Expression:
    """Compile a cell of a decision table; evaluate it with the tested value as the variable `?`.

    `inputs` are variables that are given the tested value too (Camunda's `cellInput`): a condition on them is one on that value.
    Raises FeelSyntaxError with the place and what was expected there.
    """
    return _compiled(text, frozenset(names), frozenset(inputs), Parser.whole_tests)


@kept(CACHED_TEXTS, lambda text, names, *_: len(text) + sum(map(len, names)))
def _compiled(text: str, names: frozenset[str], inputs: frozenset[str], read: Callable[[Parser], Node]) -> Expression:
    pay_for_text(text)
    return read_text(text, lambda plain: Expression(plain, read(Parser(plain, names, inputs))))


def pay_for_text(text: str) -> None:
    """Pay for compiling a text. Raises TooMuchWork."""
    pay(_TEXT_STEPS + _CHARACTER_STEPS * len(text))


def read_text(text: str, build: Callable[[str], T]) -> T:
    """Do `build` with the text without its `=`; raises FeelSyntaxError whose place counts in the text as given."""
    plain = text.strip().removeprefix("=").strip()
    try:
        return build(plain)
    except FeelSyntaxError as error:
        offset = text.index(plain) if plain else 0
        raise FeelSyntaxError(error.message, text=text, position=error.position + offset) from None
    except RecursionError:
        raise FeelSyntaxError("the expression nests too deeply", text=text, position=0) from None
