"""The state of an instance as bytes, format 2; what earlier releases wrote is read by `old_states.py`.

Specs are never stored; a node is its place among the sorted names of its scope. Only tokens that live, or that living ones hang on, exist
at all, so the blob stays small however long the instance has run. A value that several tokens share is stored once. Decimals are JSON
numbers and come back as `Decimal`; the order of keys is kept. Of the write stamps only those that differ between tokens are stored.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from engine.problems import Invalid, Problem, TooNew
from engine.spiff.instance import Instance, Scope
from engine.spiff.nodes.compensation import UndoScope, ledger_of
from engine.spiff.nodes.events import CatchEvent
from engine.spiff.old_states import from_format_1
from engine.spiff.process import CompiledProcess
from engine.spiff.records import Outgoing
from engine.spiff.token import LIVE, NOTHING, WAITING, Token
from engine.spiff.undoable import Undoable
from engine.store.json_text import decode

STATE_FORMAT: Final = 2
#: Unlike `json_text` it keeps the order of keys, so that a restored instance is the same in every expression.
_encoder: Final = msgspec.json.Encoder(decimal_format="number")


class _Values:
    """Values by identity: they are never changed in place, so the same object is the same value."""

    def __init__(self, shared: bool) -> None:
        self.shared = shared
        self.values: list[Any] = []
        self._places: dict[int, int] = {}

    def refer(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The variables, or where each one's value is."""
        return {name: self._place(value) for name, value in data.items()} if self.shared else dict(data)

    def _place(self, value: Any) -> int:
        place = self._places.get(id(value))
        if place is None:
            place = self._places[id(value)] = len(self.values)
            self.values.append(value)
        return place


def dump(instance: Instance) -> bytes:
    """Write an instance."""
    living = list(instance.tokens)
    values = _Values(shared=len(living) > 1 or any(scope.ledger for scope in instance.all_scopes))
    common = set(living[0].stamps.items()).intersection(*(token.stamps.items() for token in living[1:])) if living else set()
    numbers: dict[str, int] = {}
    scopes = [_scope(scope, values, common, numbers) for scope in instance.all_scopes] if living else []
    queue = [numbers[token.id] for token in (*instance.urgent, *instance.ready) if token.state & LIVE and token.id in numbers]
    return _encoder.encode(
        {
            "format": STATE_FORMAT,
            "now": instance.now,
            "stamp": instance.stamp,
            "done": instance.completed,
            "final": instance.final[0] if not living else None,
            "scopes": scopes,
            "values": values.values if values.shared else None,
            "queue": queue,
            "out": instance.outgoing,
        }
    )


def _scope(scope: Scope, values: _Values, common: set[tuple[str, int]], numbers: dict[str, int]) -> list[Any]:
    names = scope.spec.places
    rows: list[Any] = []
    first = len(numbers)
    stack: list[tuple[Token, int]] = [(scope.task_tree, -1)]
    while stack:
        token, above = stack.pop()
        number = numbers[token.id] = first + len(rows)
        rows.append(_row(token, above, names[token.task_spec.name], values, common))
        stack.extend((child, number) for child in reversed(token.children))
    live = [numbers[token] for token in scope.live]
    activity = getattr(scope, "activity", None)
    at_end = numbers[scope.at_end.id] if scope.at_end is not None else None
    written = [scope.spec.name, None if activity is None else numbers[activity.id], first, rows, live, at_end]
    if scope.ledger and not isinstance(activity and activity.task_spec, UndoScope):
        written.append(_ledger(scope.ledger, values, {}))
    return written


def _ledger(ledger: Sequence[Undoable], values: _Values, known: dict[str, int]) -> list[Any]:
    """Each entry with what differs from the variables of the one before it; `known` are those, and become the last one's."""
    rows = []
    for done in ledger:
        changed, gone = None, None
        if done.data is not None:
            there = values.refer(done.data)
            changed = {name: place for name, place in there.items() if known.get(name) != place}
            gone = [name for name in known if name not in there]
            known.clear()
            known.update(there)
        rows.append([done.element, done.turn, done.by, changed, gone or None, _ledger(done.inside, values, known)])
    return rows


def _row(token: Token, above: int, place: int, values: _Values, common: set[tuple[str, int]]) -> list[Any]:
    row: list[Any] = [token.id, above, place, token.state]
    if token.state & LIVE:
        stamps = {name: stamp for name, stamp in token.stamps.items() if (name, stamp) not in common}
        changed = dict(token.changed) if token.changed else None
        row += [token.started_at, values.refer(token.data), stamps or None, token.internal_data or None, changed, token.detail]
    return row


def _other_format(found: Any) -> Problem:
    if isinstance(found, int) and found > STATE_FORMAT:
        return TooNew(
            f"A newer release has stored this instance (format {found}); this one reads up to format {STATE_FORMAT}. Nothing was changed.",
            next_step="Ask again in a moment: a server or worker of the newer release goes on with it. Update those of the older one.",
        )
    return Invalid(
        f"The state has format {found!r}, not {STATE_FORMAT}.",
        code="state_format",
        next_step="Run the release that wrote it, or restart the instance from its history.",
    )


def restore(process: CompiledProcess, blob: bytes) -> Instance:
    """Read an instance. Raises TooNew when a newer release has written it, Invalid when it is of no format at all."""
    state = decode(blob)
    if state.get("format") == 1:
        state = from_format_1(state, process)
    if state.get("format") != STATE_FORMAT:
        raise _other_format(state.get("format"))
    instance = Instance(process)
    instance.now = datetime.fromisoformat(state["now"])
    instance.stamp = state["stamp"]
    instance.completed = state["done"]
    instance.final = (state["final"] or NOTHING, NOTHING)
    instance.outgoing = [_outgoing(item) for item in state["out"]]
    made: list[Token] = []
    for name, activity, _first, rows, live, at_end, *ledger in state["scopes"]:
        scope: Scope = instance if activity is None else instance.reopen_subprocess(made[activity], name)
        if ledger:
            scope.ledger = _undoable(ledger[0], state["values"], {})
        elif activity is not None and isinstance(made[activity].task_spec, UndoScope):
            scope.ledger = ledger_of(made[activity])
        _fill(scope, rows, made, state["values"])
        scope.live = {made[number].id: made[number] for number in live}
        scope.at_end = None if at_end is None else made[at_end]
    for number in state["queue"]:
        instance.enqueue(made[number])
    if not state["scopes"]:
        instance.plant()
    return instance


def _undoable(rows: Sequence[Any], values: Sequence[Any], known: dict[str, int]) -> list[Undoable]:
    ledger = []
    for element, turn, by, changed, gone, inside in rows:
        data = None
        if changed is not None:
            known.update(changed)
            for name in gone or ():
                del known[name]
            data = {name: values[place] for name, place in known.items()}
        ledger.append(Undoable(element, data, turn, _undoable(inside, values, known), by))
    return ledger


def _fill(scope: Scope, rows: Sequence[Any], made: list[Token], values: Sequence[Any] | None) -> None:
    nodes, waiting = scope.spec.nodes_in_order, scope.top_workflow.event_manager
    scope.tasks.clear()
    for row in rows:
        token = Token(scope, nodes[row[2]], made[row[1]] if row[1] >= 0 else None, row[3], row[0])
        made.append(token)
        if row[1] < 0:
            scope.task_tree = token
        if row[3] & LIVE:
            started, data, stamps, internal, changed, detail = row[4:]
            token.started_at = datetime.fromisoformat(started)
            token.data = data if values is None else {name: values[place] for name, place in data.items()}
            token.stamps, token.internal_data = stamps or NOTHING, internal or {}
            token.changed, token.detail = changed, detail
            if row[3] == WAITING and isinstance(token.task_spec, CatchEvent):
                waiting.add_task(token)
        else:
            token.data = token.stamps = NOTHING


def _outgoing(item: dict[str, Any]) -> Outgoing:
    return Outgoing(**{**item, "task_id": UUID(item["task_id"])})
