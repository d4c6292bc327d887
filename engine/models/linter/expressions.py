"""Rules of FEEL in diagrams: it compiles, and it reads what something writes."""

from collections.abc import Iterator

from engine.models.diagram import Node, Scope
from engine.models.formulas import Formula
from engine.models.linter.ruling import Broken, Known, at, rule
from engine.models.rehearsal import Stage, rehearsed
from engine.models.trees import child, tag_of, text_of
from engine.service_tasks import topic_of


@rule("feel-syntax")
def formulas_compile(known: Known) -> Iterator[Broken]:
    """Every expression is read when the model is checked, not when an order waits for it."""
    for formula in known.formulas:
        if formula.error is not None:
            error = formula.error
            message = (
                f"The {formula.what} is not FEEL: {error.message} (line {error.line}, column {error.column} of {_short(formula.text)})."
            )
            yield Broken(formula.path, formula.element_id, formula.line, message, error.next_step)


@rule("fails-in-every-instance")
def what_reads_no_variable_runs(known: Known) -> Iterator[Broken]:
    """What reads no variable is run once, by the engine itself: where it fails now, it would fail every instance."""
    stage = Stage(known.decisions, known.time_zone)
    for diagram in known.diagrams:
        for thing, failed in rehearsed(stage, diagram):
            yield at(thing, f"{thing.label} fails in every instance. {failed.message}", failed.next_step)


@rule("unknown-function")
def what_is_called_is_a_function(known: Known) -> Iterator[Broken]:
    """A call of what is no function, or with arguments that it does not take, gives null whatever the variables are."""
    for formula in known.formulas:
        for wrong in formula.wrong_calls:
            message = f"In the {formula.what} {wrong.why}: it would always give null."
            yield Broken(formula.path, formula.element_id, formula.line, message, wrong.next_step)


@rule("words-instead-of-a-name")
def names_are_of_one_word(known: Known) -> Iterator[Broken]:
    """FEEL takes `order is large` for one name: a sentence that nothing writes is no variable."""
    for formula in known.formulas:
        written = known.written_in(formula.scope.process)
        for name in sorted(formula.reads - written):
            if " " in name:
                message = f"The {formula.what} reads {name!r} as the name of one variable, which nothing in this process writes."
                next_step = (
                    f"Write a comparison such as order_total > 1000, or list {name!r} in the setting 'inputs' if it comes from outside."
                )
                yield Broken(formula.path, formula.element_id, formula.line, message, next_step)


@rule("empty-script")
def scripts_say_something(known: Known) -> Iterator[Broken]:
    """A script task assigns variables."""
    for _, node in known.nodes("scriptTask"):
        if not any(text_of(item) for item in node.element if tag_of(item) == "script"):
            yield at(node, f"{node.label} has no script.", "Write a context of assignments: { total: price * quantity }")


@rule("empty-condition")
def conditions_say_something(known: Known) -> Iterator[Broken]:
    """An empty condition is neither true nor false."""
    for _, node in known.nodes():
        for kind, definition in zip(node.kinds, node.definitions, strict=True):
            if kind == "conditional" and not text_of(child(definition, "condition")):
                yield at(node, f"{node.label} waits for no condition.", "Write the condition that is to become true.")
    for scope in known.scopes():
        for flow in scope.flows.values():
            if flow.condition is not None and not text_of(flow.condition):
                yield at(flow, f"The condition of the flow {flow.label} is empty.", "Write a condition, or make it the default flow.")


@rule("variable-never-written", "warning")
def variables_are_written(known: Known) -> Iterator[Broken]:
    """A name that nothing writes is mostly a slip of the pen."""
    for diagram in known.diagrams:
        for process in diagram.processes:
            nodes, formulas = known.nodes_of(process), known.formulas_of(process)
            written = known.written_in(process)
            unwritten = {name: broken for name, broken in decision_reads(known, nodes) if name not in written}
            for formula in formulas:
                for name in sorted(formula.reads - written):
                    unwritten.setdefault(name, _unwritten(formula, name))
            if any(_brings_anything(node) for node in nodes):
                yield from _undeclared(process, sorted(unwritten))
            else:
                yield from unwritten.values()


def decision_reads(known: Known, nodes: list[Node]) -> Iterator[tuple[str, Broken]]:
    """A decision without a context of its own reads the variables of the process."""
    for node in nodes:
        decision = known.decisions.get(text_of(node.extension("calledDecisionId")))
        for name in sorted(decision.variables) if decision is not None and "input" not in node.properties else ():
            message = f"The decision of {node.label} reads {name!r}, which nothing in this process writes."
            yield name, at(node, message, "Write the variable before, or build what the decision reads in the setting 'input'.")


def _unwritten(formula: Formula, name: str) -> Broken:
    message = f"The {formula.what} reads {name!r}, which nothing in this process writes."
    next_step = "Correct the name, or list it in the setting 'inputs' of the event that brings it."
    return Broken(formula.path, formula.element_id, formula.line, message, next_step)


def _undeclared(process: Scope, names: list[str]) -> Iterator[Broken]:
    """Where anything may come in, a missing name proves nothing; say once what is expected."""
    if names:
        message = f"{process.id} reads {', '.join(names)}, which must come in from outside."
        next_step = "List what each start and message event brings in its setting 'inputs'; then slips of the pen are found."
        yield at(process, message, next_step, "info")


def _brings_anything(node: Node) -> bool:
    """Whether variables nobody has listed come in here."""
    if not {"inputs", "outputs", "resultVariable"}.isdisjoint(node.properties):
        return False
    if node.operator is not None and topic_of(node.operator.get("id", "")) is not None:
        return not node.operator.get("resultVariable")
    if node.tag == "startEvent" and not node.listens:
        return node.scope.parent is None
    catches = node.tag in {"intermediateCatchEvent", "boundaryEvent", "startEvent"} and not {"message", "signal"}.isdisjoint(node.kinds)
    return catches or node.tag in {"receiveTask", "callActivity"}


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return repr(flat if len(flat) <= 60 else flat[:59] + "…")  # noqa: PLR2004 - about half a line
