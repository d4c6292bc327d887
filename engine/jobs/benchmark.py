"""Measures the engine on a given database: durable instances, every statement and commit counted. Figures are printed, never judged.

Case `a`: start, ten script tasks, end. Case `b`: three scripts, a gateway, a user task completed by a second request, three scripts.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import event, text

from engine.jobs.null_dispatcher import NullDispatcher
from engine.models.bundle import Bundle
from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import deploy, start, user_tasks
from engine.service_tasks import ServiceTasks
from engine.store.unit_of_work import Database

_TABLES = ("instance", "history", "user_task", "timer", "subscription", "work", "inbox", "message", "incident", "effect")
_HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="benchmark" targetNamespace="https://ordercraft.example/benchmark">'
)
_GROUPS = (
    "<bpmn:extensionElements><spiffworkflow:properties>"
    '<spiffworkflow:property name="candidateGroups" value="benchmark"/></spiffworkflow:properties></bpmn:extensionElements>'
)
_WRITTEN = text(
    "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_xact_user_tables WHERE relname = ANY(:tables) "
    "UNION ALL SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_user_tables WHERE relname = ANY(:tables)"
)
_STORED = text(
    "SELECT (SELECT coalesce(sum(pg_column_size(i.*)), 0) FROM instance i) + (SELECT coalesce(sum(pg_column_size(h.*)), 0) FROM history h)"
)
_WARM_UP = 20


@dataclass(frozen=True, slots=True)
class Figures:
    """Per instance, but for the first. `bytes` are those of the instance's row and its history as stored at the end."""

    instances_per_s: float
    cpu_ms: float
    statements: float
    commits: float
    rows: float
    bytes: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(slots=True)
class _Counts:
    statements: int = 0
    commits: int = 0


def run(database: Database, case: str, instances: int) -> Figures:
    """Run a number of instances of a case one after the other on a migrated database. Raises KeyError for an unknown case."""
    one = _CASES[case]
    runtime = Runtime(database, ServiceTasks(), {}, NullDispatcher())
    with database.transaction() as tx:
        deploy.deploy(runtime, tx, _BUNDLES[case](), "benchmark")
    for _ in range(_WARM_UP):
        one(runtime)
    rows_before, bytes_before = _written(database)
    took: list[float] = []
    with _counted(database) as counts:
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(instances):
            began = time.perf_counter()
            one(runtime)
            took.append((time.perf_counter() - began) * 1000)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    rows_after, bytes_after = _written(database)
    took.sort()
    return Figures(
        instances_per_s=instances / wall,
        cpu_ms=cpu * 1000 / instances,
        statements=counts.statements / instances,
        commits=counts.commits / instances,
        rows=(rows_after - rows_before) / instances,
        bytes=(bytes_after - bytes_before) / instances,
        p50_ms=_percentile(took, 50),
        p95_ms=_percentile(took, 95),
        p99_ms=_percentile(took, 99),
    )


def _straight_through(runtime: Runtime) -> None:
    with runtime.database.transaction() as tx:
        start.start(runtime, tx, "benchmark-a", {"order_no": "SO-000001", "quantity": 3})


def _with_a_person(runtime: Runtime) -> None:
    with runtime.database.transaction() as tx:
        instance_id = start.start(runtime, tx, "benchmark-b", {"order_no": "SO-000001", "quantity": 3})
    task_id = _task_of(runtime, instance_id)
    completion = user_tasks.Completion(Person("benchmark", frozenset({"benchmark"})))
    with runtime.database.transaction() as tx:
        user_tasks.complete(runtime, tx, task_id, {"approved": True}, completion)


def _task_of(runtime: Runtime, instance_id: UUID) -> UUID:
    """What the person clicked on: known from memory, so that looking for it is not measured."""
    kept = runtime.live.take(instance_id)
    if kept is None:
        raise KeyError(instance_id)
    runtime.live.put(instance_id, *kept)
    return kept[1].waits.user_tasks[0].task_id


@contextmanager
def _counted(database: Database) -> Iterator[_Counts]:
    counts = _Counts()

    def statement(*_: Any) -> None:
        counts.statements += 1

    def commit(*_: Any) -> None:
        counts.commits += 1

    event.listen(database.engine, "before_cursor_execute", statement)
    event.listen(database.engine, "commit", commit)
    try:
        yield counts
    finally:
        event.remove(database.engine, "before_cursor_execute", statement)
        event.remove(database.engine, "commit", commit)


def _written(database: Database) -> tuple[int, int]:
    """Rows written so far and bytes stored now."""
    with database.transaction() as tx:
        tx.execute(text("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()"))
        rows = sum(tx.execute(_WRITTEN, {"tables": list(_TABLES)}).scalars())
        return int(rows), int(tx.execute(_STORED).scalar_one())


def _percentile(ordered: list[float], percent: int) -> float:
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def _scripts(first: int, last: int) -> list[tuple[str, str]]:
    return [
        (
            f"step_{n}",
            f'<bpmn:scriptTask id="step_{n}" name="Step {n}"><bpmn:script>{{ step_{n}: quantity * {n} }}</bpmn:script></bpmn:scriptTask>',
        )
        for n in range(first, last + 1)
    ]


def _bundle(key: str, nodes: list[tuple[str, str]], extra: str = "") -> Bundle:
    flows = "".join(
        f'<bpmn:sequenceFlow id="flow_{n}" name="next" sourceRef="{source[0]}" targetRef="{target[0]}"/>'
        for n, (source, target) in enumerate(pairwise(nodes))
    )
    body = "".join(node for _, node in nodes)
    xml = f'{_HEAD}<bpmn:process id="{key}" name="{key}" isExecutable="true">{body}{flows}{extra}</bpmn:process></bpmn:definitions>'
    return Bundle(key, {f"{key}.bpmn": xml.encode()})


_START = ("began", '<bpmn:startEvent id="began" name="Began"/>')
_END = ("ended", '<bpmn:endEvent id="ended" name="Ended"/>')


def _case_a() -> Bundle:
    return _bundle("benchmark-a", [_START, *_scripts(1, 10), _END])


def _case_b() -> Bundle:
    gateway = ("large", '<bpmn:exclusiveGateway id="large" name="Large?" default="flow_4"/>')
    task = ("approve", f'<bpmn:userTask id="approve" name="Approve">{_GROUPS}</bpmn:userTask>')
    refuse = (
        '<bpmn:endEvent id="refused" name="Refused"/><bpmn:sequenceFlow id="too_large" name="too large" '
        'sourceRef="large" targetRef="refused">'
        '<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">quantity &gt; 1000</bpmn:conditionExpression></bpmn:sequenceFlow>'
    )
    return _bundle("benchmark-b", [_START, *_scripts(1, 3), gateway, task, *_scripts(4, 6), _END], refuse)


_CASES: dict[str, Callable[[Runtime], None]] = {"a": _straight_through, "b": _with_a_person}
_BUNDLES: dict[str, Callable[[], Bundle]] = {"a": _case_a, "b": _case_b}
