# ruff: noqa: SLF001  # what SpiffWorkflow's own serializer reads
"""Out to SpiffWorkflow's own serializer, and back.

SpiffWorkflow opens what is written with the same elements waiting. What is queued to be sent does not travel. Two things differ there: a
person's task waits as READY, SpiffWorkflow's way of saying it, and behind a gateway of events each event waits by itself, so that
SpiffWorkflow does not give up the others when one comes. Whoever goes on there lets it predict first: `_predict()` of the workflow and of
each subprocess.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer, DefaultRegistry
from SpiffWorkflow.bpmn.serializer.config import DEFAULT_CONFIG
from SpiffWorkflow.bpmn.serializer.default.task_spec import BpmnTaskSpecConverter
from SpiffWorkflow.bpmn.specs import defaults

from engine.problems import Invalid
from engine.spiff.instance import Instance, Scope
from engine.spiff.nodes.definitions import Moment
from engine.spiff.nodes.events import CatchEvent
from engine.spiff.nodes.repeats import MultiInstance, Repeat
from engine.spiff.nodes.tasks import UserTask
from engine.spiff.process import CompiledProcess
from engine.spiff.timers import due_from_data
from engine.spiff.token import COMPLETED, LIVE, READY, STARTED, WAITING, Token

#: SpiffWorkflow has no converter for its own service task.
_CONFIG: Mapping[type, Any] = {**DEFAULT_CONFIG, defaults.ServiceTask: BpmnTaskSpecConverter}
#: What only SpiffWorkflow needs of a repetition or timer.
_THEIRS = ("event_value", "merged", "remaining", "cardinality", "current", "stamps")


def stock_serializer() -> BpmnWorkflowSerializer:
    """SpiffWorkflow's, with exact decimals."""
    registry = DefaultRegistry()
    registry.register(Decimal, lambda value: {"value": str(value)}, lambda stored: Decimal(stored["value"]))
    return BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure(_CONFIG, registry))


def export_json(instance: Instance) -> str:
    """An instance as SpiffWorkflow stores one. Raises Invalid when a variable cannot travel."""
    serializer = stock_serializer()
    for scope in instance.all_scopes:
        _refuse_what_can_be_undone(scope)
        scope.task_tree.data = dict(scope.task_tree.data)
        for token in scope.live.values():
            _refuse_type_names(token.data, token.task_spec.label)
    if not instance.live:
        instance.data = dict(instance.final[0])
    _name_as_theirs(serializer.registry, instance)
    written = json.loads(serializer.serialize_json(instance))
    for found in (written, *written["subprocesses"].values()):
        _as_theirs(found, instance)
    written["subprocesses"] = {_dashed(key): found for key, found in written["subprocesses"].items()}
    return json.dumps(written)


def _refuse_what_can_be_undone(scope: Scope) -> None:
    """SpiffWorkflow has no place for what is done and can be undone."""
    if scope.ledger:
        raise Invalid(
            f"{scope.ledger[-1].element} is done and can be undone, which SpiffWorkflow does not know.",
            code="export",
            next_step="Export the instance before, or behind the event that compensates.",
        )


def _name_as_theirs(registry: Any, instance: Instance) -> None:
    """Each class of ours goes by the name of the class of theirs that it extends."""
    specs = (instance.spec, *instance.subprocess_specs.values())
    steps = [step for spec in specs for step in spec.task_specs.values()]
    events = [step.event_definition for step in steps if hasattr(step, "event_definition")]
    known = dict(registry.typenames)
    for one in (instance, *instance.subprocesses.values(), instance.task_tree, *specs, *steps, *events):
        named = one.stands_for if isinstance(one, Moment) else next(known[base] for base in type(one).__mro__ if base in known)
        registry.typenames[type(one)] = named


def _as_theirs(found: dict[str, Any], instance: Instance) -> None:
    for task in found["tasks"].values():
        token = instance.find(task["id"])
        if token is not None and token.live:
            task["internal_data"] |= {**_theirs(token), "stamps": dict(token.stamps)}
            if isinstance(token.task_spec, UserTask) and token.state == STARTED:
                task["state"] = READY
        task["id"], task["parent"] = _dashed(task["id"]), task["parent"] and _dashed(task["parent"])
        task["children"] = [_dashed(child) for child in task["children"]]
    found["tasks"] = {task["id"]: task for task in found["tasks"].values()}
    for key in ("root", "last_task", "parent_task_id"):
        if found.get(key):
            found[key] = _dashed(found[key])


def _theirs(token: Token) -> dict[str, Any]:
    """What SpiffWorkflow itself keeps of a timer or a repetition that is under way."""
    spec, internal = token.task_spec, token.internal_data
    if isinstance(spec, CatchEvent) and isinstance(spec.event_definition, Moment) and "wait" in internal:
        return {"event_value": _moment(spec.event_definition, internal["wait"])}
    if not isinstance(spec, Repeat) or token.state != STARTED:
        return {}
    kept: dict[str, Any] = {"merged": [""] * internal["done"]}
    if isinstance(spec, MultiInstance) and spec.sequential:
        kept |= {"remaining": list(range(internal["begun"], internal["total"]))}
        kept |= {"cardinality": internal["total"], "current": internal["begun"]}
    return kept


def _moment(moment: Moment, wait: Mapping[str, Any]) -> Any:
    due = due_from_data(wait)
    if moment.timer.kind != "cycle":
        return due.at.isoformat()
    following = moment.timer.again(due, due.at)
    every = 0.0 if following is None else (following.at - due.at).total_seconds()
    return {"cycles": -1 if due.left is None else due.left + 1, "next": due.at.isoformat(), "duration": every}


def _dashed(identity: str) -> str:
    return str(UUID(identity))


def _refuse_type_names(value: Any, where: str) -> None:
    """SpiffWorkflow takes a context with this key for an object of its own."""
    if isinstance(value, Mapping):
        if "typename" in value:
            raise Invalid(
                f"{where} holds a context with the key typename, which SpiffWorkflow cannot restore.",
                code="export",
                next_step="Name the key differently before the instance is exported.",
            )
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        _refuse_type_names(item, where)


def import_json(process: CompiledProcess, text: str, now: datetime) -> Instance:
    """An instance that SpiffWorkflow stored, of this version of the process. Raises Invalid when it is of another.

    What waits begins to wait, unless it was ours when it was exported: then it goes on waiting as it did.
    """
    theirs = stock_serializer().deserialize_json(text)
    instance = Instance(process)
    instance.now, instance.completed = now, theirs.completed
    _take(instance, theirs, instance, theirs)
    if not instance.live:
        instance.final = ({name: value for name, value in theirs.data.items() if name != "data_objects"}, {})
    instance.stamp = max((stamp for token in instance.tokens for stamp in token.stamps.values()), default=0)
    return instance


def _take(instance: Instance, top: Any, scope: Scope, theirs: Any) -> None:
    """Take over what lives in a scope, and what that hangs on."""
    root = scope.plant()
    stack = [(child, root) for child in theirs.task_tree.children]
    while stack:
        task, above = stack.pop(0)
        spec = scope.spec.task_specs.get(task.task_spec.name)
        if spec is None:
            raise Invalid(
                f"The process {scope.spec.name} has no step {task.task_spec.name!r}.",
                code="export",
                next_step="Import the instance into the version of the process that it was exported from.",
            )
        kept = above
        if task.state & LIVE or (task.state == COMPLETED and spec.keeps_place):
            kept = _token(scope, spec, above, task)
        stack = [(child, kept) for child in task.children] + stack
        inner = top.subprocesses.get(task.id)
        if inner is not None and task.state & LIVE:
            _take(instance, top, instance.reopen_subprocess(kept, spec.spec), inner)


def _token(scope: Scope, spec: Any, above: Token, task: Any) -> Token:
    token = Token(scope, spec, above, task.state, task.id.hex)
    token.internal_data = {key: value for key, value in task.internal_data.items() if key not in _THEIRS or not _is_theirs(spec, key)}
    if not task.state & LIVE:
        return token
    token.data, token.stamps = dict(task.data), task.internal_data.get("stamps", {})
    begun = "wait" in token.internal_data
    if isinstance(spec, UserTask):
        token._state = STARTED if begun and "fact" not in token.internal_data else READY
    elif isinstance(spec, CatchEvent) and task.state == WAITING:
        token._state = WAITING if begun or spec.event.kind not in {"message", "timer"} else READY
        scope.top_workflow.event_manager.add_task(token)
    scope.enter(token, COMPLETED)
    if spec is scope.spec.end:
        scope.at_end = token
    return token


def _is_theirs(spec: Any, key: str) -> bool:
    return key in {"stamps", "event_value"} or isinstance(spec, Repeat)
