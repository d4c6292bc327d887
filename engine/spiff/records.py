"""What an instance shows to the outside: what it waits for, what it executed, what it sent. All frozen; do not change the values inside."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class UserTaskWait:
    """A person is to do something."""

    task_id: UUID
    element_id: str
    name: str
    title: str
    form_key: str | None
    #: What the form shows; trusted for read-only fields.
    form_data: Mapping[str, Any]
    candidate_groups: tuple[str, ...]
    candidate_users: tuple[str, ...]
    excluded_users: tuple[str, ...]
    priority: int
    due_at: datetime | None
    instructions: str
    #: What it decides on, and works on: who had a hand in it does not decide on it; empty where the diagram does not say.
    decides_on: str = ""
    works_on: str = ""
    #: Decisions of other rounds do not count: what is decided on was changed since.
    decision_round: str = ""
    #: How much it decides on, as (kind, amount, currency), the amount None where it is not known; None where no amount limits who may.
    decides_amount: tuple[str, Decimal | None, str] | None = None
    #: Until when it is to be decided at the very latest: beyond it an agreement is broken.
    sla_at: datetime | None = None
    #: When it goes to whom beside its candidates, if it is still open.
    escalate_at: datetime | None = None
    escalate_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TimerWait:
    """A moment is to come. `kind` is event (of the model) or retry (of a service task)."""

    task_id: UUID
    element_id: str
    due_at: datetime
    kind: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """A message whose correlation contains all of `correlation`, or a signal, is to arrive, or a condition is to become true.

    `kind` is message, signal or condition; `name` that of the message or signal, or the text of the condition, cut where it is long.
    """

    task_id: UUID
    element_id: str
    kind: str
    name: str
    correlation: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Work:
    """A service task is to be run outside as its `attempt`, or waits for that until `retry_at`."""

    task_id: UUID
    element_id: str
    handler: str
    parameters: Mapping[str, Any]
    retry: str | None
    attempt: int
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class FailedStep:
    """A step failed and waits for an operator."""

    task_id: UUID
    element_id: str
    element_type: str
    handler: str | None
    kind: str
    message: str
    next_step: str
    traceback: str | None
    attempt: int


@dataclass(frozen=True, slots=True)
class Waits:
    """Everything an instance waits for."""

    user_tasks: tuple[UserTaskWait, ...] = ()
    timers: tuple[TimerWait, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    work: tuple[Work, ...] = ()
    failed: tuple[FailedStep, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.user_tasks or self.timers or self.subscriptions or self.work or self.failed)


@dataclass(frozen=True, slots=True)
class Executed:
    """One BPMN element that was executed, or an attempt at it. `outcome` is completed, cancelled, failed, refused or skipped."""

    task_id: UUID
    element_id: str
    element_name: str
    element_type: str
    outcome: str
    started_at: datetime
    ended_at: datetime
    #: The top-level variables it wrote.
    changed: Mapping[str, Any] = field(default_factory=dict)
    #: What else is worth knowing: index of a multi-instance, flows taken, rules matched, error code, correlation.
    detail: Mapping[str, Any] = field(default_factory=dict)
    attempt: int = 1
    actor: str | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be routed, or a signal to be sent to all other instances (waiting places of this one have it already)."""

    kind: str
    name: str
    payload: Mapping[str, Any]
    correlation: Mapping[str, Any]
    business_key: str | None
    message_id: str | None
    element_id: str
    task_id: UUID


@dataclass(frozen=True, slots=True)
class Budget:
    """How much one run may do before it must be saved."""

    steps: int = 1000
    seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended. `spent`: the budget ran out and there is more to do at once."""

    steps: int
    spent: bool
