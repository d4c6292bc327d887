"""What every step of ours adds to SpiffWorkflow's spec of it: the element it was drawn as, and that it fails in a step of its own."""

from datetime import datetime
from typing import Any, ClassVar

from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.specs.base import TaskSpec

from engine.problems import Problem
from engine.spiff.elements import ACTIVITIES, Element
from engine.spiff.failures import StepFailed
from engine.spiff.plain import plain, within_limit
from engine.spiff.token import WAITING, Token

#: What the body of a repetition is called by SpiffWorkflow's parser.
BODY = " [child]"
#: What the parts of a multiple event are called, with a number behind it.
PART = " [event "


class Step(TaskSpec):
    """Stands before SpiffWorkflow's class in the order of inheritance."""

    #: Runs before everything else that is ready.
    urgent: ClassVar[bool] = False
    #: Its token stays in the tree when done, because others hang on it.
    keeps_place: ClassVar[bool] = False
    #: While WAITING it is asked again after each completion.
    looks_again: ClassVar[bool] = False
    #: Holds the turns of a repeated activity, and whether what they write stays theirs.
    repeats: ClassVar[bool] = False
    keeps_local = False
    #: What hangs on its token is part of it and goes nowhere by itself: turns, handlers of a compensation.
    holds_others: ClassVar[bool] = False
    element: Element | None = None
    #: Of a part of a multiple event: the event as it was drawn.
    whole: Element | None = None
    is_activity = False
    #: What the history says of it: id, name and type of the element.
    told: tuple[str, str, str] | None = None

    def __init__(self, wf_spec: Any, name: str, *, element: Element | None = None, **options: Any) -> None:
        super().__init__(wf_spec, name, description=options.pop("description", None) or name, **options)
        if element is not None:
            self.drawn_as(element)

    def drawn_as(self, element: Element) -> None:
        """Say what it is in the drawing."""
        self.element, self.is_activity = element, element.type in ACTIVITIES
        self.told = (element.id, element.name, element.type)
        self.bpmn_id, self.bpmn_name, self.lane = element.id, element.name or None, element.lane

    @property
    def label(self) -> str:
        """What to call it in a sentence."""
        return self.element.label if self.element else str(self.name)

    @property
    def repeated(self) -> bool:
        """Whether it is the body of a repetition, behind which nothing comes."""
        return str(self.name).endswith(BODY)

    @property
    def leads_on(self) -> bool:
        """Whether a flow leads out of it, and not only to the end of its boundary events."""
        return any(not str(name).endswith(".BoundaryEventJoin") for name in self._outputs)

    @property
    def origins(self) -> list[str]:
        """The names of the steps before it, one for each flow."""
        return list(self._inputs)

    def listeners_of(self, _token: Token, _activity: Token) -> list[Token]:
        """The boundary events that wait beside what hangs on it."""
        return []

    def overtakes(self, _token: Token, _child: Token) -> bool:
        """Whether something has decided against what hangs on it."""
        return False


class OwnStep(Step):
    """An element that begins in a step of its own.

    SpiffWorkflow begins it (counts, arms, opens) while the step before it completes. Here it becomes ready and begins when it runs, so
    that what goes wrong is its own failure, and a boundary event that was thrown meanwhile comes first.
    """

    def _update_hook(self, my_task: Token) -> bool | None:
        if my_task.state < WAITING:
            return bool(BpmnTaskSpec._update_hook(self, my_task))  # noqa: SLF001  # SpiffWorkflow's hook
        return self.begin(my_task)

    def begin(self, my_task: Token) -> bool | None:
        """What SpiffWorkflow does at once. True: there is nothing to wait for."""
        at_once: bool | None = super()._update_hook(my_task)
        return at_once


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


def told(token: Token) -> bool:
    """Whether what it waits for has come, and it only has to run."""
    return "fact" in token.internal_data or bool(token.internal_data.get("event_fired"))


def overtaken(token: Token) -> bool:
    """Whether something has decided against it already: another event of its gateway, a boundary event around it, or its activity."""
    place: Token | None = token
    while place is not None:
        while place._parent is not None:  # noqa: SLF001  # only the root has none
            if place.above.task_spec.overtakes(place.above, place):
                return True
            place = place.above
        place = getattr(place.workflow, "activity", None)
    return False
