# ruff: noqa: SLF001  # SpiffWorkflow's hooks
"""Compensation (BPMN 2.0.2, 10.7 and 13.5.5): what is done is remembered, and undone by its handler when an event asks for it.

Each scope keeps a ledger of what was done in it and has a handler, with the variables of that moment. A token that compensates claims
what it is to undo, and undoes one after the other, the latest first; an entry leaves the ledger when its handler is done, so that nothing
is undone twice, and what was interrupted can still be undone. In an event subprocess it undoes what was done around that as well. A
subprocess without a handler of its own is undone by undoing what was done in it, or by its event subprocess for that, which sees its
variables and decides. Of a repeated activity every turn is an entry of its own. What an operator skipped was not done.

SpiffWorkflow has nothing of this: it refuses the boundary event, and takes the throwing event for one that does nothing.
"""

from collections.abc import Collection, Iterator
from typing import Any, Final

from SpiffWorkflow.bpmn.specs.control import SimpleBpmnTask

from engine.problems import Invalid
from engine.spiff.elements import Element
from engine.spiff.nodes.base import Step
from engine.spiff.nodes.definitions import give_up_others
from engine.spiff.nodes.events import EndEvent, ThrowEvent
from engine.spiff.nodes.repeats import Repeat
from engine.spiff.nodes.scopes import EventSubprocess, Subprocess, Transaction
from engine.spiff.token import READY, Token
from engine.spiff.undoable import Undoable

#: What undoes the inside of a subprocess is called by its id and this; what begins there, by the scope's.
UNDO: Final = " [undo]"
UNDO_ALL: Final = " [undo all]"


class Undoing(Step):
    """Undoes what was done in its scope: all of it, or one activity. Waits for each handler."""

    holds_others = True
    wanted: str | None = None

    def _run_hook(self, my_task: Token) -> bool | None:
        """Begin the next handler; go on when there is none."""
        return None if undo_next(my_task, self.wanted) else super()._run_hook(my_task)


class UndoAll(Undoing, SimpleBpmnTask):
    """Where the scope of a subprocess begins that is to be undone."""


class CompensationThrow(Undoing, ThrowEvent):
    """An intermediate event that asks for compensation, and goes on when that is done."""

    def __init__(self, wf_spec: Any, name: str, *, element: Element, **options: Any) -> None:
        super().__init__(wf_spec, name, element=element, **options)
        self.wanted = None if element.event is None else element.event.activity


class CompensationEnd(CompensationThrow, EndEvent):
    """The same at an end."""


class CancelEnd(Undoing, EndEvent):
    """Cancels the transaction around: what is under way in it ends, what is done is undone, and the way goes on at its cancel event."""

    def _run_hook(self, my_task: Token) -> bool | None:
        """Give up the others first. Raises StepFailed when the transaction has no cancel event."""
        if "undoing" not in my_task.internal_data:
            give_up_others(my_task)
        return super()._run_hook(my_task)

    def _on_complete_hook(self, my_task: Token) -> None:
        """SpiffWorkflow cancels the scope here; ours is given up by its boundary event, which sees first what the handlers wrote."""
        self.completed_event.emit(my_task.workflow, my_task)


class UndoScope(Subprocess):
    """Undoes a subprocess that is done, in its scope, which is opened once more."""

    def copy_data(self, my_task: Token, subworkflow: Any) -> None:
        """The scope begins with what is to be undone in it."""
        super().copy_data(my_task, subworkflow)
        subworkflow.task_tree.internal_data["start"] = subworkflow.spec.undone_from
        subworkflow.ledger = ledger_of(my_task)


def undo_next(token: Token, wanted: str | None) -> bool:
    """Begin to undo what was done last; False when nothing is left to be undone by this token."""
    internal, levels = token.internal_data, list(_levels(token))
    if "undoing" not in internal:
        internal["undoing"] = True
        for host in levels:
            for done in host.workflow.ledger:
                if wanted in {None, done.element} and not _is_taken(done, token):
                    done.by = token.id
    for host in levels:
        following = next((done for done in reversed(host.workflow.ledger) if done.by == token.id), None)
        if following is not None:
            _begin(token, host, following)
            return True
    del internal["undoing"]
    return False


def _levels(token: Token) -> Iterator[Token]:
    """Below what handlers hang: in its own scope the token itself; in an event subprocess that too, in the scope it belongs to."""
    yield token
    activity = getattr(token.workflow, "activity", None)
    while activity is not None and isinstance(activity.task_spec, EventSubprocess):
        yield activity
        activity = getattr(activity.workflow, "activity", None)


def _is_taken(done: Undoable, token: Token) -> bool:
    other = None if done.by is None else token.workflow.top_workflow.find(done.by)
    return other is not None and other.live


def _begin(asker: Token, host: Token, done: Undoable) -> None:
    scope = host.workflow
    step = scope.spec.task_specs[scope.spec.handlers[done.element]]
    handler = Token(scope, step, host)
    handler.triggered = True
    handler.data = dict(asker.data if done.data is None else done.data)
    handler.internal_data["asked_by"] = asker.id
    handler.say(compensates=done.element, **({} if done.turn is None else {"turn": done.turn + 1}))
    done.by = handler.id
    step._update(handler)


def undone(_workflow: Any, handler: Token) -> None:
    """A handler is done: what it wrote goes on, its entry leaves the ledger, and the next one is looked for."""
    ledger, asker = handler.workflow.ledger, handler.workflow.top_workflow.find(handler.internal_data["asked_by"])
    place = next((place for place in reversed(range(len(ledger))) if ledger[place].by == handler.id), None)
    if place is not None:
        del ledger[place]
    asker.take_over(handler.data, handler.stamps)
    asker.become(READY)


def ledger_of(undoing: Token) -> list[Undoable]:
    """What is still to be undone in the subprocess that a token of `UndoScope` undoes; the list itself, which gets shorter."""
    return next((done.inside for done in undoing.workflow.ledger if done.by == undoing.id), [])


def remember(_workflow: Any, token: Token) -> None:
    """An activity with a handler is done."""
    if not (token.detail and "skipped" in token.detail):
        token.workflow.ledger.append(Undoable(token.task_spec.element.id, token.data, token.internal_data.get("index")))


def wire(spec: Any) -> None:
    """Tie the activities of a scope to what undoes them, once, before anything runs. Raises Invalid for what cannot be undone."""
    for step in list(spec.task_specs.values()):
        element = step.element
        if element is None or step.repeated or not step.is_activity:
            continue
        done = spec.task_specs[step.task_spec] if isinstance(step, Repeat) else step
        if element.undone_by is not None:
            done.completed_event.connect(remember)
            _tie(spec, element, step, _handler_of(spec, element))
        elif element.holds_handlers and isinstance(done, Subprocess | Transaction):
            done.remembers = True
            undo = UndoScope(spec, f"{step.name}{UNDO}", element=element, subworkflow_spec=done.spec)
            undo.told = None
            _tie(spec, element, step, undo)


def refuse_unknown(specs: Collection[Any]) -> None:
    """Raises Invalid for an event that is to undo what is not there."""
    steps = [(spec, step) for spec in specs for step in spec.task_specs.values()]
    around = {step.spec: spec for spec, step in steps if isinstance(step, EventSubprocess)}
    for spec, step in steps:
        known, outer = set(spec.handlers), around.get(spec.name)
        while outer is not None:
            known, outer = known | set(outer.handlers), around.get(outer.name)
        if isinstance(step, CompensationThrow) and step.wanted not in {None, *known}:
            message = f"{step.label} is to undo {step.wanted!r}, which is no step of its level that can be undone."
            raise _refused(message, "Name a step that has a compensation event.", step.element)


def _handler_of(spec: Any, element: Element) -> Step:
    handler: Step | None = spec.task_specs.get(spec.name_of(element.undone_by or ""))
    if handler is None or handler.element is None or not handler.element.for_compensation:
        message = f"What is to undo {element.label} is no step of its level that is for compensation."
        raise _refused(message, "Tie its compensation event to a step that is for compensation.", element)
    if handler.leads_on:
        raise _refused(f"A flow leaves {handler.label}, which only undoes {element.label}.", "Remove the flow.", handler.element)
    return handler


def _refused(message: str, next_step: str, element: Element) -> Invalid:
    return Invalid(message, code="unsupported", next_step=next_step, element_id=element.id)


def _tie(spec: Any, element: Element, step: Step, handler: Step) -> None:
    spec.handlers[element.id] = handler.name
    handler.inputs = [step]
    handler.completed_event.connect(undone)


def make_undo_all(spec: Any) -> None:
    """Give the scope of a subprocess the step at which its undoing begins."""
    everything = UndoAll(spec, f"{spec.name}{UNDO_ALL}")
    spec.undone_from = everything.name
    everything.inputs = [spec.start]
    everything.connect(spec.end)
