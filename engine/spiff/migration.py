"""Takes a running instance over to another version of its process, token by token.

Ids of tasks, due dates, evaluated settings and variables stay as they are, so drafts and timers go on. Boundary events that the new
version adds begin to wait; those it does not have any more are given up, and a timer that has fired does not begin again. What cannot be
taken over is told for each element, and then nothing is changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.problems import Conflict
from engine.spiff.instance import Instance, Scope
from engine.spiff.nodes.base import BODY, PART, Step
from engine.spiff.nodes.beside import Beside
from engine.spiff.nodes.boundary import JOIN, SPLIT, BoundaryJoin, BoundarySplit
from engine.spiff.nodes.compensation import UNDO, UNDO_ALL, UndoScope, ledger_of
from engine.spiff.nodes.events import CatchEvent, EventGateway
from engine.spiff.nodes.listening import arm, is_idle, is_interrupted
from engine.spiff.nodes.scopes import ScopeTask
from engine.spiff.nodes.starts import StartEvent
from engine.spiff.process import CompiledProcess
from engine.spiff.process_spec import DRAWN, END, JOINED, START
from engine.spiff.token import COMPLETED, READY, WAITING, Token
from engine.spiff.undoable import Undoable


def propose_plan(source: CompiledProcess, target: CompiledProcess) -> dict[str, str | None]:
    """For each element of the old version the one of the new: of the same id and type, else the only one of the same name and type."""
    named: dict[tuple[str, str], list[str]] = {}
    for element in target.elements.values():
        named.setdefault((element.type, element.name), []).append(element.id)
    plan: dict[str, str | None] = {}
    for identity, element in source.elements.items():
        same = target.elements.get(identity)
        alike = [found for found in named.get((element.type, element.name), []) if found not in source.elements]
        by_name = alike[0] if element.name and len(alike) == 1 else None
        plan[identity] = identity if same is not None and same.type == element.type else by_name
    return plan


@dataclass
class _Move:
    """One instance on its way."""

    target: CompiledProcess
    plan: Mapping[str, str | None]
    instance: Instance
    reasons: dict[str, list[str]] = field(default_factory=dict)
    tokens: dict[Token, Token] = field(default_factory=dict)
    #: By the token that holds events: those that the old version had there. One that does not wait any more has come already.
    had: dict[str, frozenset[str]] = field(default_factory=dict)

    def name(self, scope: Scope, old: str) -> str:
        """What the new version calls a step."""
        if old in {START, END}:
            return old
        if old.endswith(JOINED):
            return str(scope.spec.end.name)
        if old.endswith(UNDO_ALL):
            return f"{scope.spec.name}{UNDO_ALL}"
        if PART in old:
            whole, part, number = old.partition(PART)
            return f"{self.name(scope, whole)}{part}{number}"
        for suffix in (SPLIT, JOIN, BODY, UNDO):
            if old.endswith(suffix):
                return self.name(scope, old.removesuffix(suffix)) + suffix
        identity = old.removesuffix(DRAWN)
        found = self.plan.get(identity, identity)
        return "" if found is None else str(scope.spec.name_of(found))

    def refuse(self, node: Step, why: str) -> None:
        """Note why a token cannot go."""
        self.reasons.setdefault(node.element.id if node.element else str(node.name), []).append(why)

    def scope(self, old: Scope, new: Scope) -> None:
        """Take over the tokens of a scope."""
        new.ledger = self.ledger(old.ledger, new)
        self.below(old.task_tree, new.plant())
        moved = [self.tokens[token] for token in old.live.values() if token in self.tokens]
        new.live = {token.id: token for token in moved}
        if old.at_end is not None:
            new.at_end = self.tokens[old.at_end]

    def ledger(self, old: Sequence[Undoable], new: Scope) -> list[Undoable]:
        """What is done and can be undone in the new version as well."""
        activity = getattr(new, "activity", None)
        if activity is not None and isinstance(activity.task_spec, UndoScope):
            return ledger_of(activity)
        return self.undoable(old, new.spec)

    def undoable(self, old: Sequence[Undoable], spec: Any) -> list[Undoable]:
        """The entries of a ledger by the new version's names; what it does not undo as the old one does is a reason not to go."""
        found = []
        for done in old:
            element = self.plan.get(done.element, done.element) or ""
            by_parts = str(spec.handlers.get(element, "")).endswith(UNDO)
            inner = self.target.scopes[element] if by_parts else None
            wants_data = inner is None or bool(inner.undone_by_event)
            if element not in spec.handlers or wants_data != (done.data is not None) or (done.inside and inner is None):
                self.reasons.setdefault(done.element, []).append("is done, and the new version does not compensate it as the old one does")
                continue
            inside = [] if inner is None else self.undoable(done.inside, inner)
            found.append(Undoable(element, done.data, done.turn, inside, done.by))
        return found

    def below(self, old: Token, new: Token) -> None:
        """Take over what hangs on a token."""
        for child in old.children:
            node = new.workflow.spec.task_specs.get(self.name(new.workflow, child.task_spec.name))
            if node is None and isinstance(child.task_spec, BoundarySplit):
                self.below(child, new)
            elif node is None and isinstance(child.task_spec, Beside | BoundaryJoin):
                continue
            elif node is None or not self._alike(child.task_spec, node):
                self.refuse(child.task_spec, "has no counterpart of its kind in the new version")
            else:
                self.token(child, node, new)

    def token(self, old: Token, node: Step, above: Token) -> None:
        """Take over one token, and what the new version adds around it."""
        split = above.workflow.spec.task_specs.get(f"{node.name}{SPLIT}")
        if split is not None and above.task_spec is not split and old.live:
            above = Token(above.workflow, split, above, COMPLETED)
        new = Token(above.workflow, node, above, old.state, old.id)
        new.data, new.stamps, new.started_at = old.data, old.stamps, old.started_at
        new.internal_data, new.changed, new.detail = dict(old.internal_data), old.changed, old.detail
        self.tokens[old] = new
        if "from" in new.internal_data:
            self._origin(new)
        if isinstance(node, BoundarySplit | EventGateway):
            self.had[new.id] = frozenset(self.name(new.workflow, event.name) for event in old.task_spec.outputs)
        if isinstance(node, CatchEvent) and new.state == WAITING:
            self.instance.event_manager.add_task(new)
        self.below(old, new)
        scope = old.workflow.top_workflow.subprocesses.get(old.id)
        if scope is not None:
            self.scope(scope, self.instance.reopen_subprocess(new, node.spec))

    def _origin(self, new: Token) -> None:
        new.internal_data["from"] = self.name(new.workflow, new.internal_data["from"])
        if new.internal_data["from"] not in new.task_spec.origins:
            self.refuse(new.task_spec, "waits for flows that the new version draws differently")

    def _alike(self, old: Step, new: Step) -> bool:
        kinds = [getattr(getattr(node, "event", None), "kind", None) for node in (old, new)]
        called = not isinstance(old, ScopeTask) or isinstance(new, ScopeTask)
        return type(old) is type(new) and kinds[0] == kinds[1] and called

    def add_events(self) -> None:
        """Let the events wait that the new version adds beside what is under way; not those again that have come already."""
        for token in [token for scope in list(self.instance.all_scopes) for token in list(scope.tasks.values())]:
            spec = token.task_spec
            if isinstance(spec, BoundarySplit | EventGateway):
                there, had = {child.task_spec for child in token.children}, self.had.get(token.id, frozenset())
                under_way = spec.main(token) if isinstance(spec, BoundarySplit) else next(iter(spec.events_of(token)), None)
                for node in spec.outputs:
                    if node not in there and node.name not in had and under_way is not None:
                        added = Token(token.workflow, node, token)
                        added.data, added.stamps = under_way.data, under_way.stamps
                        added.become(READY)
        for scope in list(self.instance.all_scopes):
            _listen(scope)


def _listen(scope: Scope) -> None:
    """Let the events wait that begin event subprocesses which the new version adds."""
    living = [token for token in scope.live.values() if not is_idle(token)]
    begins = any(isinstance(token.task_spec, StartEvent) for token in living)
    if scope.spec.listeners and living and not begins and not is_interrupted(scope):
        arm(scope, living[0])


def migrated(old: Instance, target: CompiledProcess, plan: Mapping[str, Any]) -> Instance:
    """The instance in the new version; the old one stays as it is. Raises Conflict with the reasons by element."""
    instance = Instance(target)
    instance.now, instance.stamp, instance.completed, instance.final = old.now, old.stamp, old.completed, old.final
    instance.outgoing = list(old.outgoing)
    move = _Move(target, plan, instance)
    move.scope(old, instance)
    instance.subprocesses = {task: instance.subprocesses[task] for task in old.subprocesses if task in instance.subprocesses}
    instance.ready.clear()
    instance.urgent.clear()
    for token in (*old.urgent, *old.ready):
        if token.state == READY and token in move.tokens:
            instance.enqueue(move.tokens[token])
    if move.reasons:
        told = "; ".join(f"{element} {' and '.join(why)}" for element, why in move.reasons.items())
        raise Conflict(
            f"The instance cannot go to the new version: {told}.",
            code="cannot_migrate",
            next_step="Map these elements to ones of the same kind, or wait until the instance is past them.",
            errors=move.reasons,
        )
    move.add_events()
    instance.event_manager.ask_conditions()
    return instance
