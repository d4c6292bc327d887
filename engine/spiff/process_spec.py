"""The spec of one scope, a process or a subprocess: SpiffWorkflow's, with our beginning and end."""

from functools import cached_property
from typing import Any, Final

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec

from engine.spiff.nodes.ends import End, Ends
from engine.spiff.nodes.listening import Listener
from engine.spiff.nodes.starts import Root, StartEvent

START: Final = "Start"
END: Final = "End"
JOINED: Final = ".EndJoin"
#: SpiffWorkflow knows steps of its own by such names; an element that has one gets this behind its own.
DRAWN: Final = " (drawn)"
_SUFFIXES: Final = (JOINED, ".BoundaryEventSplit", ".BoundaryEventJoin")


def is_reserved(identity: str) -> bool:
    """Whether SpiffWorkflow gives this name to a step of its own."""
    return identity in {START, END, "StartEventSplit", "StartEventJoin"} or identity.endswith(_SUFFIXES)


class ProcessSpec(BpmnProcessSpec):
    """See the module."""

    def __init__(self, name: str, description: str, filename: str | None) -> None:
        super().__init__(name=name, description=description, filename=filename)
        self.task_specs.clear()
        self.start = Root(self, START)
        self.end = Ends(self, f"{name}{JOINED}")
        self.end.connect(End(self, END))
        #: By the id of an activity: the name of the step that undoes it.
        self.handlers: dict[str, str] = {}
        #: The name of the step from which it is undone, of a subprocess with something to undo; and that of the event subprocess for it.
        self.undone_from = ""
        self.undone_by_event = ""

    @cached_property
    def nodes_in_order(self) -> tuple[Any, ...]:
        """Every step by its place in the stored state: in the order of names."""
        return tuple(self.task_specs[name] for name in sorted(self.task_specs))

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of each step by name."""
        return {node.name: place for place, node in enumerate(self.nodes_in_order)}

    @cached_property
    def has_looking(self) -> bool:
        """Whether some step has to be asked again after each completion."""
        return any(node.looks_again for node in self.task_specs.values())

    @cached_property
    def start_events(self) -> list[StartEvent]:
        """Where it may begin, in document order."""
        return [spec for spec in self.task_specs.values() if isinstance(spec, StartEvent)]

    @cached_property
    def listeners(self) -> list[Listener]:
        """What begins its event subprocesses."""
        return [spec for spec in self.task_specs.values() if isinstance(spec, Listener)]

    @cached_property
    def first_start(self) -> str:
        """The start event of a subprocess, or the plain one of a called process."""
        plain = [start for start in self.start_events if start.element.event is None or start.element.event.kind == "none"]
        return str((plain or self.start_events)[0].name)

    def name_of(self, element_id: str) -> str:
        """The name of the step that is drawn with this id."""
        return f"{element_id}{DRAWN}" if is_reserved(element_id) else element_id
