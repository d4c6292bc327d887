# ruff: noqa: SLF001  # tokens of one tree reach into one another, and into what SpiffWorkflow's task keeps
"""A token: one stay of the control flow at one element. SpiffWorkflow's task, which runs, completes, fails and is cancelled as there.

Ours are four things: the workflow hears of each state, so that nothing is searched; nothing is predicted but the next step, when the one
before it ends; what has ended leaves the tree; and variables are shared by reference, never changed in place, each stamped with when it
was last written, so that joining branches takes the latest write of each and nothing that is merely older.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from os import urandom
from types import MappingProxyType
from typing import Any, Final, cast

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

#: A moment before all others.
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
FUTURE: Final[int] = TaskState.FUTURE
WAITING: Final[int] = TaskState.WAITING
READY: Final[int] = TaskState.READY
STARTED: Final[int] = TaskState.STARTED
COMPLETED: Final[int] = TaskState.COMPLETED
CANCELLED: Final[int] = TaskState.CANCELLED
ERROR: Final[int] = TaskState.ERROR
#: A token in one of these states is still to be dealt with; its scope cannot end. SpiffWorkflow counts ERROR as finished.
LIVE: Final[int] = READY | WAITING | STARTED | ERROR


class Token(Task):
    """See the module. `id` is text, for as a key it hashes in C, and UUID's own `__hash__` is Python."""

    _state: int
    stamps: Mapping[str, int] = NOTHING
    #: What it wrote, and what else the history keeps about it.
    changed: dict[str, Any] | None = None
    detail: dict[str, Any] | None = None
    #: When it began to live.
    started_at: datetime = BEGINNING

    def __init__(self, workflow: Any, task_spec: Any, parent: "Token | None" = None, state: int = FUTURE, id: str | None = None) -> None:  # noqa: A002  # SpiffWorkflow's signature
        super().__init__(workflow, task_spec, parent, state, id or urandom(16).hex())
        self.data: Mapping[str, Any] = NOTHING

    # -- states ------------------------------------------------------------------------------------------------------------------
    @property
    def live(self) -> bool:
        """Whether it is still to be dealt with."""
        return bool(self._state & LIVE)

    def _set_state(self, value: int) -> None:
        """Let the instance know what lives and what is ready. STARTED is set by `run`: what was decided while it ran stays decided."""
        if value == STARTED:
            return
        before, self._state = self._state, value
        if value & LIVE:
            self.workflow.enter(self, before)
        else:
            self.workflow.live.pop(self.id, None)

    def become(self, value: int) -> None:
        """Go over to a state from outside of SpiffWorkflow."""
        self._set_state(value)

    def run(self) -> bool | None:
        """Do the element, unless an operator has decided to go on behind it. True: it is done; None: it waits."""
        self._state = STARTED
        if "skip" in self.internal_data:
            self.write(self.internal_data.pop("skip"))
            self.say(skipped=True)
            self.complete()
            return True
        return super().run()  # type: ignore[no-any-return]  # SpiffWorkflow has no types

    def complete(self) -> None:
        """Done: what follows is made now, in the way its spec predicts it, and goes on."""
        self.task_spec._predict(self, mask=STARTED)
        super().complete()

    def cancel(self) -> None:
        """Take it and everything below out of the tree; what was under way is noted as cancelled."""
        self.empty()
        if self._state & LIVE:
            self.workflow.top_workflow.note_cancelled(self)
            self._state = STARTED
            super().cancel()
        self.retire()

    def empty(self) -> None:
        """Cancel all that goes on below: turns, and the scope of a subprocess. SpiffWorkflow drops turns without telling them."""
        for child in self.children:
            child.cancel()
        scope = self.workflow.top_workflow.subprocesses.pop(self.id, None)
        if scope is not None:
            scope.cancel_all()

    # -- the tree ----------------------------------------------------------------------------------------------------------------
    @property
    def above(self) -> "Token":
        """The token it hangs on; only the root has none."""
        return cast("Token", self.workflow.tasks[self._parent])

    def _add_child(self, task_spec: Any, state: int = FUTURE) -> "Token":
        """As SpiffWorkflow's, which names its own class here."""
        return Token(self.workflow, task_spec, self, state)

    def _sync_children(self, task_specs: list[Any], state: int = FUTURE) -> None:
        """Nothing follows a step before it has begun."""
        if self._state >= READY:
            super()._sync_children(task_specs, state)

    def retire(self) -> None:
        """Leave the tree: whatever hangs on it now hangs on the token above, or on the one above a split, which holds only its own."""
        tasks = self.workflow.tasks
        if tasks.pop(self.id, None) is None:
            return
        above = tasks[self._parent]
        above._children.remove(self.id)
        heir = tasks[above._parent] if above.task_spec.keeps_place and above._parent is not None else above
        for child in self._children:
            tasks[child]._parent = heir.id
        heir._children += self._children

    # -- variables ---------------------------------------------------------------------------------------------------------------
    def _inherit_data(self) -> None:
        if self.data is NOTHING:
            above = self.workflow.tasks[self._parent]
            self.data, self.stamps = above.data, above.stamps

    def set_data(self, /, **values: Any) -> None:
        """What SpiffWorkflow writes by."""
        self.write(values)

    def write(self, values: Mapping[str, Any]) -> None:
        """Set top-level variables. The values must be JSON-like and belong to the engine from now on."""
        if not values:
            return
        top = self.workflow.top_workflow
        top.stamp += 1
        self.data, self.stamps = {**self.data, **values}, {**self.stamps, **dict.fromkeys(values, top.stamp)}
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
