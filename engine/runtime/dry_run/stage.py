"""Finds what is to be played: a version of a bundle as deployed, or a draft as it is saved now, compiled once for a while."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.kept import KEPT_BYTES, bytes_of, kept
from engine.models.bundle import Bundle
from engine.models.check import CheckedBundle, check, reload
from engine.problems import NotFound
from engine.runtime.dry_run.outcome import OutcomeDiff, compare_outcomes, refuse_failing
from engine.runtime.read import bundles, drafts
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs.deploy import Deployment, ModelRefused
from engine.service_tasks import ServiceTasks
from engine.store.tables import history, instance


@dataclass(frozen=True, slots=True)
class Source:
    """What to play: the draft of a bundle, or a version of it by number or LATEST."""

    bundle: str
    version: str = bundles.LATEST
    draft: bool = False


def open_stage(runtime: Runtime, tx: Session, source: Source, groups: Collection[str] | None) -> CheckedBundle:
    """The compiled bundle. Raises NotFound, Invalid; ModelRefused with all findings where a draft has errors."""
    if not source.draft:
        _, bundle = bundles.bundle_of(tx, source.bundle, source.version)
        return _reloaded(source.bundle, tuple(bundle.files.items()), runtime.time_zone)
    return checked(runtime, drafts.bundle_of(tx, source.bundle), groups)


def checked(runtime: Runtime, bundle: Bundle, groups: Collection[str] | None) -> CheckedBundle:
    """A bundle that is not deployed, looked at as a deployment would. Raises ModelRefused."""
    known = None if groups is None else frozenset(groups)
    found = _looked_at(bundle.name, tuple(bundle.files.items()), _Registry(runtime.service_tasks), known, runtime.time_zone)
    if not found.ok:
        raise ModelRefused(found.findings)
    return found


def compare_draft(runtime: Runtime, tx: Session, bundle: str, groups: Collection[str] | None) -> OutcomeDiff:
    """What turns out differently if a draft is deployed as it is saved now. Raises NotFound, ModelRefused."""
    new = open_stage(runtime, tx, Source(bundle, draft=True), groups)
    return compare_with_deployed(runtime, tx, new)


def compare_with_deployed(runtime: Runtime, tx: Session, new: CheckedBundle) -> OutcomeDiff:
    """What turns out differently if a bundle is deployed, against what is deployed under its name now."""
    deployed = drafts.deployed_version(tx, new.bundle.name) is not None
    old = open_stage(runtime, tx, Source(new.bundle.name), None) if deployed else None
    return compare_outcomes(old, new, runtime.service_tasks, runtime.time_zone)


def compare_versions(runtime: Runtime, tx: Session, name: str, old: str, new: str) -> OutcomeDiff:
    """What turns out differently from one version of a bundle to another, each a number or LATEST. Raises Invalid, NotFound."""
    before, after = (open_stage(runtime, tx, Source(name, version), None) for version in (old, new))
    return compare_outcomes(before, after, runtime.service_tasks, runtime.time_zone)


def outcome_of(runtime: Runtime, tx: Session, made: Deployment) -> OutcomeDiff:
    """What turns out differently from the version before the one that was just deployed."""
    new = open_stage(runtime, tx, Source(made.name, str(made.version)), None)
    old = open_stage(runtime, tx, Source(made.name, str(made.version - 1)), None) if made.new and made.version > 1 else None
    return compare_outcomes(old, new, runtime.service_tasks, runtime.time_zone)


def judge(runtime: Runtime, tx: Session, made: Deployment) -> list[str]:
    """Play the scenarios of what was just deployed, in the transaction that deployed it and ends with what is raised here.

    Answers what turns out differently from the version before, a sentence for each scenario. Raises ScenariosFailed.
    """
    diff = outcome_of(runtime, tx, made)
    refuse_failing(diff)
    return diff.sentences


def start_data(tx: Session, process_key: str, business_key: str) -> Mapping[str, Any]:
    """What the latest instance of a process for a business object began with. Raises NotFound."""
    same = (instance.c.process_key == process_key, instance.c.business_key == business_key)
    latest = select(instance.c.id).where(*same).order_by(instance.c.started_at.desc()).limit(1).scalar_subquery()
    first = select(history.c.changed).where(history.c.instance_id == latest).order_by(history.c.id).limit(1)
    row = tx.execute(first).first()
    if row is None:
        raise NotFound(
            f"No instance of {process_key} was ever started for {business_key!r}.",
            code="example_unknown",
            next_step="Give the number that the process is started for, such as that of an order.",
            errors={"business_key": ["is known to no instance of this process"]},
        )
    return row.changed or {}


@dataclass(frozen=True, eq=False, slots=True)
class _Registry:
    """The service tasks of a process, the same as long as they are the same object."""

    tasks: ServiceTasks

    def __hash__(self) -> int:
        return id(self.tasks)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Registry) and other.tasks is self.tasks


@kept(KEPT_BYTES, bytes_of)
def _looked_at(
    name: str, files: tuple[tuple[str, bytes], ...], registry: _Registry, groups: frozenset[str] | None, zone: tzinfo
) -> CheckedBundle:
    """Each step of a dry run of a draft asks anew; what is compiled is not changed by running it."""
    return check(Bundle(name, dict(files)), registry.tasks, groups, zone)


@kept(KEPT_BYTES, bytes_of)
def _reloaded(name: str, files: tuple[tuple[str, bytes], ...], zone: tzinfo) -> CheckedBundle:
    return reload(Bundle(name, dict(files)), zone)
