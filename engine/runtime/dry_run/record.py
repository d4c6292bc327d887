"""What is told of a dry run: every element with what it changed, what is waited for now, and how the expectations compare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """A variable before and after a step; `new` where there was none before."""

    name: str
    before: Any
    after: Any
    new: bool


@dataclass(frozen=True, slots=True)
class Match:
    """A rule of a decision table that matched; `rule` is the number of its row."""

    decision: str
    rule_id: str
    rule: int


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that was made: what it was given, and which of its rules (and of decisions it requires) matched."""

    decision: str
    inputs: Mapping[str, Any]
    matched: Sequence[Match]


@dataclass(frozen=True, slots=True)
class Called:
    """An answer of a service task.

    `by` is scenario, call (a step of the scenario), nobody (it answers nothing) or task (it was really run).
    """

    handler: str
    parameters: Mapping[str, Any]
    by: str
    result: Any = None
    #: The code of the error it raised, and why.
    refused: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message or signal that was thrown; it reached nobody."""

    kind: str
    name: str
    payload: Mapping[str, Any]
    correlation: Mapping[str, Any]
    business_key: str | None


@dataclass(frozen=True, slots=True)
class Left:
    """What a service task would have sent out of the house; it was not."""

    kind: str
    target: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One element that was executed. `step` is the number of the scenario's step that led there, 0 before the first.

    `outcome` is completed, cancelled, failed, refused or skipped; `flows` are the flows a gateway has chosen.
    """

    step: int
    element_id: str
    name: str
    type: str
    outcome: str
    at: datetime
    actor: str | None
    changes: Sequence[Change]
    flows: Sequence[str]
    decided: Decided | None
    called: Called | None
    sent: Sequence[Sent]
    effects: Sequence[Left]
    #: Why it failed or was refused.
    said: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A task that people were asked to do, whether they have done it or not. `step` is that of the scenario that led there."""

    step: int
    element_id: str
    name: str
    groups: Sequence[str]
    users: Sequence[str]


@dataclass(frozen=True, slots=True)
class PersonWait:
    """A person is to do something. `given` is what the form shows."""

    element_id: str
    title: str
    form: str | None
    given: Mapping[str, Any]
    groups: Sequence[str]
    users: Sequence[str]
    excluded: Sequence[str]
    due_at: datetime | None
    instructions: str


@dataclass(frozen=True, slots=True)
class TimeWait:
    """A moment is to come. `clock` is the step of the clock that reaches it."""

    element_id: str
    due_at: datetime
    kind: str
    clock: str


@dataclass(frozen=True, slots=True)
class MessageWait:
    """A message or signal is to come; its correlation must contain this one."""

    element_id: str
    kind: str
    name: str
    correlation: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CallWait:
    """A service task is to be answered by a step `call`; `errors` are the codes it may raise."""

    element_id: str
    handler: str
    parameters: Mapping[str, Any]
    errors: Sequence[str]


@dataclass(frozen=True, slots=True)
class Failed:
    """A step failed; only another answer, other data or a new version of the model helps."""

    element_id: str
    kind: str
    message: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """All that is waited for now."""

    people: Sequence[PersonWait] = ()
    timers: Sequence[TimeWait] = ()
    messages: Sequence[MessageWait] = ()
    calls: Sequence[CallWait] = ()
    failed: Sequence[Failed] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """Why the scenario cannot be played on. `step` is the number of its step, 0 before the first; `errors` are those of a form."""

    step: int
    code: str
    message: str
    next_step: str
    element_id: str | None = None
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Something expected against what was found. `what` is path, variables, sent or end; `name` is the variable's."""

    what: str
    name: str
    ok: bool
    expected: Any
    found: Any
    says: str


@dataclass(frozen=True, slots=True)
class DryRun:
    """A scenario as far as it could be played. `state` is completed, waiting, failed (a step of the process) or stopped (`fault` says why).

    `ok` is whether nothing failed and everything that is expected has come. `really` says that service tasks were run on the data there
    is; nothing of it has stayed but that numbers of series with gaps (orders, shipments) that it took are not given again.
    """

    name: str
    process: str
    process_name: str
    state: str
    ok: bool
    began_at: datetime
    now: datetime
    really: bool
    lines: Sequence[Line]
    path: Sequence[str]
    variables: Mapping[str, Any]
    asked: Sequence[Asked]
    #: For each step of the scenario what a person has filled in, without what the form only showed; null for other steps.
    filled_in: Sequence[Mapping[str, Any] | None]
    waiting: Waiting
    sent: Sequence[Sent]
    effects: Sequence[Left]
    comparisons: Sequence[Comparison]
    fault: Fault | None
