"""What every element does: take the variables over, act, and pass the flow on."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin

from engine.problems import Problem
from engine.spiff.elements import ACTIVITIES, Element
from engine.spiff.failures import StepFailed
from engine.spiff.plain import plain, within_limit
from engine.spiff.token import CANCELLED, READY, WAITING, Token


class Node(BpmnSpecMixin):  # type: ignore[misc]  # SpiffWorkflow has no types
    """A task spec that predicts nothing: the tree holds what is, not what may come."""

    #: Runs before everything else that is ready.
    urgent: ClassVar[bool] = False
    #: Its token stays in the tree when done, because others hang on it.
    keeps_place: ClassVar[bool] = False
    #: While WAITING it is asked again after each completion.
    looks_again: ClassVar[bool] = False
    #: Holds the turns of a repeated activity, and whether what they write stays theirs.
    repeats: ClassVar[bool] = False
    keeps_local = False

    def __init__(self, wf_spec: Any, name: str, *, element: Element | None = None, **options: Any) -> None:
        super().__init__(wf_spec, name, description=options.get("description") or name)
        self.element = element
        self.is_activity = element is not None and element.type in ACTIVITIES
        self._following: tuple[Node, ...] | None = None

    @property
    def label(self) -> str:
        """What to call it in a sentence."""
        return self.element.label if self.element else str(self.name)

    @property
    def repeated(self) -> bool:
        """Whether it is the body of a repetition, behind which nothing comes."""
        return str(self.name).endswith(" [child]")

    @property
    def origins(self) -> list[str]:
        """The names of the nodes before it, one for each flow."""
        return list(self._inputs)

    @property
    def following(self) -> "tuple[Node, ...]":
        """The nodes behind it, in document order."""
        if self._following is None:
            self._following = tuple(self.outputs)
        return self._following

    def _predict(self, *_arguments: Any, **_options: Any) -> None:
        """Nothing is predicted."""

    def arrive(self, my_task: Token) -> None:
        """A token comes in."""
        my_task.become(READY)

    def do(self, my_task: Token) -> bool | None:
        """Act, unless an operator has decided to go on behind it."""
        internal = my_task.internal_data
        if "skip" in internal:
            my_task.write(internal.pop("skip"))
            my_task.say(skipped=True)
            return True
        return self.act(my_task)

    def act(self, token: Token) -> bool | None:  # noqa: ARG002  # what other nodes need
        """Do the element. True: it is done; None: it waits. Raises StepFailed."""
        return True

    def going_to(self, token: Token) -> "Sequence[Node]":  # noqa: ARG002  # what other nodes need
        """The nodes that get a token when this one is done."""
        return self.following

    def _on_complete(self, my_task: Token) -> None:
        scope = my_task.workflow
        scope.top_workflow.note(my_task, "skipped" if my_task.detail and my_task.detail.get("skipped") else "completed")
        above = my_task.above
        above.task_spec.child_done(above, my_task)
        for node in self.going_to(my_task):
            node.arrive(Token(scope, node, my_task))
        if my_task.id in scope.tasks and not self.keeps_place:
            my_task.retire()
        above.task_spec.child_retired(above, my_task)
        scope.settle()

    def child_done(self, token: Token, child: Token) -> None:
        """Something that hangs on this node is done; what follows it has not begun."""

    def child_retired(self, token: Token, child: Token) -> None:
        """Something that hung on this node is done, and has left the tree."""


class Drawn(Node):
    """A node that is an element of the drawing."""

    element: Element

    def __init__(self, wf_spec: Any, name: str, *, element: Element, **options: Any) -> None:
        super().__init__(wf_spec, name, element=element, **options)


def now_of(token: Token) -> datetime:
    """The moment of the run."""
    moment: datetime = token.workflow.top_workflow.now
    return moment


def store(token: Token, value: Any, variable: str | None, where: str) -> None:
    """Write a result into its variable; without one, a context is merged into the top level. Raises StepFailed."""
    try:
        value = plain(value)
        within_limit(value)
    except Problem as problem:
        raise StepFailed.of(problem, where) from None
    if variable:
        token.write({variable: value})
    elif isinstance(value, dict):
        token.write(value)
    elif value is not None:
        raise StepFailed(
            "result_lost",
            f"{where}: there is no place to keep the result, which is no context.",
            "Give the element a result variable and deploy a new version, or skip the step.",
        )


class Root(Node):
    """Where every scope begins."""

    keeps_place = True


class End(Node):
    """Where every scope ends: of the tokens that came here one waits until no other is left."""

    def arrive(self, my_task: Token) -> None:
        """Only the latest token waits; it has the variables of all that came."""
        scope = my_task.workflow
        earlier = scope.at_end
        if earlier is not None:
            my_task.take_over(earlier.data, earlier.stamps)
            earlier.become(CANCELLED)
            earlier.retire()
        scope.at_end = my_task
        my_task.become(WAITING)
