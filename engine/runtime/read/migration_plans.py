"""Plans by which the instances of one version of a process could go to another one: drafted, then changed by whoever knows better."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid, NotFound
from engine.runtime.operate import migrate
from engine.runtime.read.under_way import count_standing
from engine.runtime.state.runtime import Runtime
from engine.spiff.process import CompiledProcess
from engine.store.paging import AnyRow


@dataclass(frozen=True, slots=True)
class VersionOfPlan:
    """A version of a process, the version of the bundle it belongs to, and the file of it that holds the diagram."""

    id: int
    version: int
    bundle: str
    bundle_version: int
    path: str
    latest: bool
    retired: bool


@dataclass(frozen=True, slots=True)
class Offered:
    """An element of the new version that one of the old could become."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Planned:
    """An element of the old version and what it becomes; `becomes` is null where it has no counterpart.

    `instances` counts those that stand on it: only for these the plan matters. `offered` are the elements of its kind.
    """

    element_id: str
    name: str
    type: str
    becomes: str | None
    instances: int
    offered: Sequence[Offered]


@dataclass(frozen=True, slots=True)
class MigrationPlan:
    """What becomes of each element from one version to another. `under_way` counts the instances of the old version."""

    process_key: str
    name: str
    source: VersionOfPlan
    target: VersionOfPlan
    under_way: int
    elements: Sequence[Planned]

    @property
    def mapping(self) -> dict[str, str | None]:
        """The plan as a migration takes it."""
        return {each.element_id: each.becomes for each in self.elements}

    @property
    def told(self) -> list[Planned]:
        """The elements that a person looks at: where somebody stands, and what does not stay as it is."""
        return [each for each in self.elements if each.instances or each.becomes != each.element_id]


def draft_plan(
    runtime: Runtime, tx: Session, source_id: int, target_id: int | None = None, changes: Mapping[str, str | None] | None = None
) -> MigrationPlan:
    """A plan from a version to another one (the latest where none is named), with what a person has changed of it.

    Raises NotFound, Conflict when there is no other version to go to, Invalid where a change names what neither version has.
    """
    source, target = _versions(tx, source_id, target_id)
    old, new = (runtime.models.process(tx, row.id) for row in (source, target))
    proposed = migrate.propose(runtime, tx, source.id, target.id)
    _check(changes or {}, old, new)
    standing = count_standing(tx, source.id)
    offered: dict[str, list[Offered]] = {}
    for element in new.elements.values():
        offered.setdefault(element.type, []).append(Offered(element.id, element.name or element.id))
    planned = {**proposed, **(changes or {})}
    elements = [
        Planned(each.id, each.name or each.id, each.type, planned[each.id], standing.get(each.id, 0), offered.get(each.type, []))
        for each in old.elements.values()
    ]
    return MigrationPlan(old.key, old.name or old.key, _version(source), _version(target), source.under_way, elements)


def _versions(tx: Session, source_id: int, target_id: int | None) -> tuple[AnyRow, AnyRow]:
    rows = {row.id: row for row in tx.execute(_VERSIONS, {"source": source_id, "target": target_id})}
    source = rows.get(source_id)
    if source is None:
        raise NotFound(f"There is no process version {source_id}.", code="process_version_unknown", next_step="Look at the versions.")
    target = rows.get(target_id) if target_id is not None else next((row for row in rows.values() if row.latest), None)
    if target is None or target.process_key != source.process_key:
        raise NotFound(
            f"There is no such version of {source.process_key} to go to.",
            code="process_version_unknown",
            next_step="Choose a version of the same process.",
        )
    if target.id == source.id:
        raise Conflict(
            f"Version {source.version} of {source.process_key} is the latest.",
            code="version_latest",
            next_step="Choose an older version whose instances are to be taken over.",
        )
    return source, target


def _check(changes: Mapping[str, str | None], old: CompiledProcess, new: CompiledProcess) -> None:
    errors = {each: ["is no element of the old version"] for each in changes if each not in old.elements}
    for each, becomes in changes.items():
        if each in errors or becomes is None:
            continue
        if becomes not in new.elements:
            errors[each] = [f"cannot become {becomes}, which the new version does not have"]
        elif new.elements[becomes].type != old.elements[each].type:
            errors[each] = [f"cannot become {becomes}, which is of another kind"]
    if errors:
        raise Invalid(
            "The plan names elements that do not fit.",
            code="plan_invalid",
            next_step="Map each element to one of its kind, or to nothing.",
            errors=errors,
        )


def _version(row: AnyRow) -> VersionOfPlan:
    return VersionOfPlan(row.id, row.version, row.bundle, row.bundle_version, row.path, row.latest, row.retired)


_VERSIONS = text("""
SELECT v.id, v.process_key, v.version, v.latest, v.retired, v.path, d.name AS bundle, d.version AS bundle_version,
  (SELECT count(*) FROM instance AS i WHERE i.process_version_id = v.id
    AND i.state IN ('running', 'waiting', 'incident', 'suspended')) AS under_way
FROM process_version AS v JOIN deployment AS d ON d.id = v.deployment_id
WHERE v.id IN (:source, CAST(:target AS bigint)) OR (v.latest AND v.process_key = (
  SELECT process_key FROM process_version WHERE id = :source))
""")
