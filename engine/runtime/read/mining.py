"""What happened in the instances of a bundle, for any filter: steps, flows, variants and bottlenecks. A constant number of statements.

At most MOST_INSTANCES are looked at, the latest ones; `Sample.more` says that there are others. What each figure means says
`engine.mining`. An instance that was migrated counts, with all it has done, as one of the version it is on now.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, select, text
from sqlalchemy.orm import Session

from engine.mining.figures import (
    Bottleneck,
    Counts,
    ElementFigures,
    FlowFigures,
    Observed,
    Standing,
    bottlenecks,
    count_flows,
    measure,
)
from engine.mining.graph import Graph, read_graph
from engine.mining.stays import Attempt, Stay, divide
from engine.mining.ways import Travelled, Variant, variants
from engine.models.bundle import FileKind
from engine.problems import Invalid
from engine.runtime.read.bundles import LATEST, get_version
from engine.runtime.state.chosen import ENDED, has_variable
from engine.store.clock import business_now
from engine.store.tables import deployment, instance, process_version

#: More would take longer than anybody waits; the latest say most.
MOST_INSTANCES: Final = 10_000
#: What a filter may ask for, beside all: those that have not ended, and the two ends.
STATES: Final = ("running", "completed", "cancelled")
_COLUMNS: Final = ("id", "process_key", "business_key", "state", "started_at", "ended_at", "started_by_instance_id")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which instances of a bundle. What is empty asks for nothing; conditions hold together.

    `versions` are numbers of the bundle; `state` is one of STATES; `started_before` is excluded. `variable` reads `name=value`; the value
    is JSON, or text when it is none. `business_keys` are some whole keys, `business_key` one.
    """

    bundle: str
    process: str = ""
    versions: tuple[int, ...] = ()
    state: str = ""
    started_from: datetime | None = None
    started_before: datetime | None = None
    business_key: str = ""
    variable: str = ""
    business_keys: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """The instances that were looked at, the latest first. `more`: there are others that fit, begun before these.

    `graphs` are the diagrams of their versions by deployment, `shown` the number of the deployment that the figures are painted on: the
    newest of the versions asked for, of those that ran, or of the bundle; `version` is its number.
    """

    rows: Sequence[Any]
    more: bool
    graphs: Mapping[int, Graph]
    shown: int
    version: int
    versions: tuple[int, ...]

    @property
    def ids(self) -> list[UUID]:
        """Of the instances."""
        return [row.id for row in self.rows]

    def count(self, state: str) -> int:
        """How many are completed, cancelled, or neither (`running`)."""
        return sum(1 for row in self.rows if (row.state if row.state in ENDED else "running") == state)


@dataclass(frozen=True, slots=True)
class Mined:
    """What happened, measured."""

    sample: Sample
    elements: Sequence[ElementFigures]
    flows: Sequence[FlowFigures]
    bottlenecks: Sequence[Bottleneck] = field(default_factory=tuple)


def take_sample(tx: Session, wanted: Wanted) -> Sample:
    """The instances that fit, and the diagrams they ran on. Four statements. Raises Invalid for an unknown state or version, NotFound."""
    if wanted.state and wanted.state not in STATES:
        raise Invalid(f"{wanted.state[:40]!r} is no state to ask for.", code="state", next_step=f"Use one of {', '.join(STATES)}.")
    newest = get_version(tx, wanted.bundle, LATEST)
    unknown = [number for number in wanted.versions if not 0 < number <= newest.newest]
    if unknown:
        next_step = f"Its newest version is {newest.newest}."
        raise Invalid(f"There is no version {unknown[0]} of {wanted.bundle}.", code="version", next_step=next_step)
    found = tx.execute(_sampled(wanted).limit(MOST_INSTANCES + 1)).all()
    rows = found[:MOST_INSTANCES]
    version = max(wanted.versions) if wanted.versions else max((row.version for row in rows), default=newest.newest)
    shown = get_version(tx, wanted.bundle, str(version))
    graphs = _graphs(tx, {row.deployment_id for row in rows} | {shown.id})
    return Sample(rows, len(found) > MOST_INSTANCES, graphs, shown.id, shown.version, tuple(sorted({row.version for row in rows})))


def mine(tx: Session, sample: Sample) -> Mined:
    """The figures of the steps and flows. Six statements."""
    ids = {"ids": sample.ids}
    observed = Observed(
        counts=[Counts(**row) for row in tx.execute(_COUNTS, ids).mappings()],
        stays=_stays(tx, ids),
        standing=_standing(tx, ids, business_now(tx)),
        chosen={(row.deployment_id, row.flow_id): row.times for row in tx.execute(_CHOSEN, ids)},
    )
    elements = measure(sample.graphs, sample.graphs[sample.shown], observed)
    return Mined(sample, elements, count_flows(sample.graphs, observed), bottlenecks(elements))


def list_variants(tx: Session, sample: Sample) -> list[Variant]:
    """The ways the instances took, the most frequent first. One statement."""
    paths: dict[UUID, str] = {row.id: row.path for row in tx.execute(_PATHS, {"ids": sample.ids})}
    travelled = [
        Travelled(row.id, row.business_key, row.deployment_id, row.state, row.started_at, row.ended_at, paths.get(row.id, ""))
        for row in sample.rows
    ]
    return variants(sample.graphs, travelled)


def _sampled(wanted: Wanted) -> Any:
    columns = (
        instance.c[name] for name in ("id", "process_key", "business_key", "state", "started_at", "ended_at", "started_by_instance_id")
    )
    joined = instance.join(process_version, process_version.c.id == instance.c.process_version_id).join(deployment)
    statement = select(*columns, deployment.c.id.label("deployment_id"), deployment.c.version).select_from(joined)
    for condition in _conditions(wanted):
        statement = statement.where(condition)
    return statement.order_by(instance.c.started_at.desc(), instance.c.id.desc())


def _conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    yield deployment.c.name == wanted.bundle
    if wanted.process:
        yield process_version.c.process_key == wanted.process
    if wanted.versions:
        yield deployment.c.version.in_(wanted.versions)
    if wanted.state:
        yield instance.c.state.notin_(ENDED) if wanted.state == "running" else instance.c.state == wanted.state
    if wanted.started_from is not None:
        yield instance.c.started_at >= wanted.started_from
    if wanted.started_before is not None:
        yield instance.c.started_at < wanted.started_before
    yield from _named(wanted)


def _named(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.business_key:
        yield instance.c.business_key == wanted.business_key
    if wanted.business_keys is not None:
        yield instance.c.business_key.in_(sorted(wanted.business_keys))
    if wanted.variable:
        yield has_variable(wanted.variable)


def _graphs(tx: Session, deployment_ids: Collection[int]) -> dict[int, Graph]:
    files: dict[int, dict[str, bytes]] = {number: {} for number in deployment_ids}
    for row in tx.execute(_DIAGRAMS, {"ids": list(deployment_ids), "kind": FileKind.DIAGRAM.strip(".")}):
        files[row.deployment_id][row.path] = bytes(row.content)
    return {number: read_graph(found) for number, found in files.items()}


def _stays(tx: Session, ids: Mapping[str, Any]) -> list[Stay]:
    """Stays that took time."""
    failures: dict[UUID, list[Attempt]] = {}
    for row in tx.execute(_FAILURES, ids):
        failures.setdefault(row.task_id, []).append(Attempt(row.ended_at, row.retry_at))
    return [
        Stay(row.element_id, row.element_type, row.started_at, row.ended_at, row.claimed_at, failures.get(row.task_id, ()))
        for row in tx.execute(_STAYS, ids)
    ]


def _standing(tx: Session, ids: Mapping[str, Any], now: datetime) -> list[Standing]:
    """Every token that stands somewhere, once, whatever it waits for."""
    found = []
    for row in tx.execute(_STANDING, ids):
        since = row.since or now
        times = divide(Stay(row.element_id, row.tag, since, now, row.claimed_at))
        found.append(Standing(row.element_id, times.waiting, times.working))
    return found


_DIAGRAMS = text("""
SELECT deployment_id, path, content FROM deployment_file
WHERE deployment_id = ANY(CAST(:ids AS bigint[])) AND kind = :kind ORDER BY deployment_id, path
""")

# Of an activity done in several turns, history has a row with `index` for each turn and one with `turns` for the whole.
_COUNTS = text("""
SELECT v.deployment_id, h.element_id,
  count(*) FILTER (WHERE h.outcome IN ('completed', 'skipped') AND coalesce(h.detail->>'turns', '0') = '0') AS done,
  count(*) FILTER (WHERE h.outcome IN ('completed', 'skipped') AND NOT coalesce(h.detail ? 'index', false)) AS "left",
  count(*) FILTER (WHERE h.outcome IN ('cancelled', 'refused') AND coalesce(h.detail->>'turns', '0') = '0') AS cancelled,
  count(*) FILTER (WHERE h.outcome = 'failed') AS failed
FROM history AS h JOIN instance AS i ON i.id = h.instance_id JOIN process_version AS v ON v.id = i.process_version_id
WHERE h.instance_id = ANY(CAST(:ids AS uuid[])) GROUP BY v.deployment_id, h.element_id
""")

_CHOSEN = text("""
SELECT v.deployment_id, flow.id AS flow_id, count(*) AS times
FROM history AS h JOIN instance AS i ON i.id = h.instance_id JOIN process_version AS v ON v.id = i.process_version_id
CROSS JOIN LATERAL jsonb_array_elements_text(h.detail->'flows') AS flow(id)
WHERE h.instance_id = ANY(CAST(:ids AS uuid[])) AND h.detail ? 'flows' AND h.outcome = 'completed'
GROUP BY v.deployment_id, flow.id
""")

_STAYS = text("""
SELECT h.task_id, h.element_id, h.element_type, h.started_at, h.ended_at, t.claimed_at
FROM history AS h LEFT JOIN user_task AS t ON t.id = h.task_id AND h.element_type = 'userTask'
WHERE h.instance_id = ANY(CAST(:ids AS uuid[])) AND h.ended_at > h.started_at
  AND h.outcome IN ('completed', 'skipped', 'cancelled', 'refused') AND coalesce(h.detail->>'turns', '0') = '0'
""")

_FAILURES = text("""
SELECT task_id, ended_at, CAST(detail->>'retry_at' AS timestamptz) AS retry_at FROM history
WHERE instance_id = ANY(CAST(:ids AS uuid[])) AND outcome = 'failed' ORDER BY id
""")

# A timer and a call that is under way do not say since when; the model and the worker set their time, nobody lets them lie.
_STANDING = text("""
SELECT DISTINCT ON (place.id) place.id, place.element_id, place.tag, place.since, place.claimed_at FROM (
  SELECT id, instance_id, element_id, 'userTask' AS tag, created_at AS since, claimed_at, 1 AS rank FROM user_task WHERE state = 'open'
  UNION ALL
  SELECT id, instance_id, element_id, 'intermediateCatchEvent', created_at, NULL, 2 FROM subscription
  UNION ALL
  SELECT task_id, instance_id, element_id, 'intermediateCatchEvent', opened_at, NULL, 3 FROM incident
    WHERE state = 'open' AND task_id IS NOT NULL AND element_id IS NOT NULL
  UNION ALL
  SELECT id, instance_id, element_id, 'intermediateCatchEvent', NULL, NULL, 4 FROM timer WHERE NOT fired
  UNION ALL
  SELECT id, instance_id, element_id, 'serviceTask', NULL, NULL, 5 FROM work
) AS place WHERE place.instance_id = ANY(CAST(:ids AS uuid[])) ORDER BY place.id, place.rank
""")

_PATHS = text("""
SELECT instance_id AS id, string_agg(element_id, ' ' ORDER BY id) AS path FROM history
WHERE instance_id = ANY(CAST(:ids AS uuid[])) AND outcome IN ('completed', 'skipped') AND NOT coalesce(detail ? 'index', false)
GROUP BY instance_id
""")
