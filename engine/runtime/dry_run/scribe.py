"""Writes down what a dry run executes: each element with the variables before and after, what it decided, called and sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from engine.problems import TooLarge
from engine.runtime.dry_run.calls import ScenarioCalls
from engine.runtime.dry_run.record import Asked, Called, Change, Decided, Left, Line, Match, Sent
from engine.spiff.records import Executed, Outgoing, UserTaskWait
from engine.store import json_text

#: Bytes of changed variables that one run may tell.
MAX_TOLD: Final = 4_000_000
_PASSED: Final = frozenset({"completed", "refused"})


@dataclass(slots=True)
class Scribe:
    """The lines of one run so far. `known` are the variables as the run has shown them."""

    calls: ScenarioCalls
    known: dict[str, Any]
    lines: list[Line] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    effects: list[Left] = field(default_factory=list)
    #: By the id of the task.
    asked: dict[UUID, Asked] = field(default_factory=dict)
    _told: int = 0

    @property
    def path(self) -> list[str]:
        """The elements that were passed, in order."""
        return [line.element_id for line in self.lines if line.outcome in _PASSED]

    def write(self, step: int, trace: Sequence[Executed], outgoing: Sequence[Outgoing]) -> None:
        """Add what was executed since the last time. Raises TooLarge when it is more than anybody could read."""
        thrown: dict[UUID, list[Sent]] = {}
        for each in outgoing:
            sent = Sent(each.kind, each.name, each.payload, each.correlation, each.business_key)
            thrown.setdefault(each.task_id, []).append(sent)
            self.sent.append(sent)
        for entry in trace:
            self.lines.append(self._line(step, entry, thrown.pop(entry.task_id, [])))

    def ask(self, step: int, tasks: Sequence[UserTaskWait]) -> None:
        """Note the tasks that people are asked to do since the last time."""
        for task in tasks:
            if task.task_id not in self.asked:
                groups, users = task.candidate_groups, task.candidate_users
                self.asked[task.task_id] = Asked(step, task.element_id, task.name or task.element_id, groups, users)

    def _line(self, step: int, entry: Executed, sent: Sequence[Sent]) -> Line:
        called, effects = self._called(entry)
        self.effects += effects
        detail = entry.detail
        return Line(
            step=step,
            element_id=entry.element_id,
            name=entry.element_name or entry.element_id,
            type=entry.element_type,
            outcome=entry.outcome,
            at=entry.ended_at,
            actor=entry.actor,
            changes=self._changes(entry.changed),
            flows=tuple(detail.get("flows", ())),
            decided=_decided(detail),
            called=called,
            sent=sent,
            effects=effects,
            said=_said(detail),
        )

    def _called(self, entry: Executed) -> tuple[Called | None, Sequence[Left]]:
        return self.calls.made.pop((entry.task_id, entry.attempt), (None, ()))

    def _changes(self, changed: Mapping[str, Any]) -> list[Change]:
        found = [
            Change(name, self.known.get(name), value, name not in self.known)
            for name, value in changed.items()
            if name not in self.known or self.known[name] != value
        ]
        self.known.update(changed)
        self._told += sum(len(json_text.encode([change.before, change.after])) for change in found)
        if self._told > MAX_TOLD:
            raise TooLarge(
                f"The steps changed more than {MAX_TOLD} bytes of variables; a dry run tells no more.",
                code="dry_run_too_large",
                next_step="Leave large values out of the start data or answers, or look for a loop in the diagram.",
            )
        return found


def _decided(detail: Mapping[str, Any]) -> Decided | None:
    if "decision" not in detail:
        return None
    matched = [Match(each["decision"], each["rule"], each["index"]) for each in detail.get("matched", ())]
    return Decided(detail["decision"], detail.get("inputs", {}), matched)


def _said(detail: Mapping[str, Any]) -> str:
    if "message" in detail and "kind" in detail:
        return str(detail["message"])
    return ": ".join(str(detail[name]) for name in ("code", "reason") if detail.get(name))
