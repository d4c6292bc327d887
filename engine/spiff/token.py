# ruff: noqa: SLF001  # tokens of one tree reach into one another, and they are tasks of SpiffWorkflow
"""A token: one stay of the control flow at one element. SpiffWorkflow's task, without what scans, logs or copies.

Variables are shared by reference from token to token and never changed in place. `stamps` says for each variable when it was last
written, counted per instance, so that joining branches takes the latest write of each variable and nothing that is merely older.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, cast
from uuid import UUID, uuid4

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
READY: Final[int] = TaskState.READY
WAITING: Final[int] = TaskState.WAITING
STARTED: Final[int] = TaskState.STARTED
COMPLETED: Final[int] = TaskState.COMPLETED
CANCELLED: Final[int] = TaskState.CANCELLED
ERROR: Final[int] = TaskState.ERROR
#: A token in one of these states is still to be dealt with; its scope cannot end.
LIVE: Final[int] = READY | WAITING | STARTED | ERROR


class Token(Task):  # type: ignore[misc]  # SpiffWorkflow has no types
    """See the module."""

    def __init__(self, workflow: Any, task_spec: Any, parent: "Token | None" = None, *, identity: UUID | None = None) -> None:
        self.id: UUID = identity or uuid4()
        self.workflow = workflow
        self.task_spec = task_spec
        self._parent: UUID | None = None
        self._children: list[UUID] = []
        self._state: int = TaskState.FUTURE
        self.triggered = False
        self.thread_id = 0
        self.last_state_change = 0
        self.data: Mapping[str, Any] = NOTHING
        self.stamps: Mapping[str, int] = NOTHING
        self.internal_data: dict[str, Any] = {}
        self.changed: dict[str, Any] | None = None
        self.detail: dict[str, Any] | None = None
        self.started_at: datetime = workflow.top_workflow.now
        workflow.tasks[self.id] = self
        if parent is not None:
            self._parent = parent.id
            parent._children.append(self.id)
            self.data, self.stamps = parent.data, parent.stamps

    @property
    def above(self) -> "Token":
        """The token it hangs on; only the root has none."""
        return cast("Token", self.workflow.tasks[self._parent])

    @property
    def live(self) -> bool:
        """Whether it is still to be dealt with."""
        return bool(self._state & LIVE)

    @property
    def below(self) -> "list[Token]":
        """The tokens that hang on it."""
        tasks = self.workflow.tasks
        return [tasks[child] for child in self._children]

    @property
    def state(self) -> int:
        """Where it stands; see the constants above."""
        return self._state

    def place(self, state: int) -> None:
        """Put it into a state without anything following from it."""
        self._state = state

    def _set_state(self, value: int) -> None:
        self.become(value)

    def become(self, value: int) -> None:
        """Go over to a state, so that the instance knows what lives and what is ready."""
        self._state = value
        workflow = self.workflow
        if value & LIVE:
            workflow.live[self.id] = self
            if value == READY:
                workflow.top_workflow.enqueue(self)
        else:
            workflow.live.pop(self.id, None)

    def _add_child(self, task_spec: Any, state: int = TaskState.FUTURE) -> "Token":
        child = Token(self.workflow, task_spec, self)
        if state != TaskState.FUTURE:
            child.become(state)
        return child

    def _inherit_data(self) -> None:
        above = self.above
        self.data, self.stamps = above.data, above.stamps

    def run(self) -> bool | None:
        """Do the element. True: it is done; None: it waits."""
        self._state = STARTED
        result: bool | None = self.task_spec.do(self)
        if result:
            self.complete()
        return result

    def write(self, values: Mapping[str, Any]) -> None:
        """Set top-level variables. The values must be JSON-like and belong to the engine from now on."""
        if not values:
            return
        stamp = self.workflow.top_workflow.next_stamp()
        self.data = {**self.data, **values}
        self.stamps = {**self.stamps, **dict.fromkeys(values, stamp)}
        self.changed = {**self.changed, **values} if self.changed else dict(values)

    def take_over(self, data: Mapping[str, Any], stamps: Mapping[str, int]) -> None:
        """Join another branch's variables into this one's: of each variable the latest write stays."""
        own = self.stamps
        newer = [name for name, stamp in stamps.items() if stamp > own.get(name, 0)]
        if newer:
            self.data = {**self.data, **{name: data[name] for name in newer}}
            self.stamps = {**own, **{name: stamps[name] for name in newer}}

    def say(self, **detail: Any) -> None:
        """Add to what the history keeps about this step."""
        self.detail = {**self.detail, **detail} if self.detail else detail

    def retire(self) -> None:
        """Leave the tree: whatever hangs on it now hangs on the token above."""
        workflow, above = self.workflow, self.above
        workflow.live.pop(self.id, None)
        above._children.remove(self.id)
        above._children.extend(self._children)
        for child in self._children:
            workflow.tasks[child]._parent = above.id
        del workflow.tasks[self.id]

    def empty(self) -> None:
        """Cancel all that goes on below: turns, and the scope of a subprocess."""
        for child in self.below:
            child.cancel()
        scope = self.workflow.top_workflow.subprocesses.pop(self.id, None)
        if scope is not None:
            scope.cancel_all()

    def cancel(self) -> None:
        """Take it and everything below out of the tree; what was under way is noted as cancelled."""
        self.empty()
        if self._state & LIVE:
            self.workflow.top_workflow.note_cancelled(self)
            self.become(CANCELLED)
        self.retire()
