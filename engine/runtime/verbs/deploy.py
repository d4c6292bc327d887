"""Deploys a bundle: looked at, compiled, stored as it is, and from now on what new instances run."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from engine.models.bundle import Bundle, Finding, kind_of
from engine.models.check import CheckedBundle, check
from engine.problems import Invalid, NotFound
from engine.runtime.post import schedules
from engine.runtime.state import audit
from engine.runtime.state.calendars import read_calendars
from engine.runtime.state.model_cache import CompiledDeployment
from engine.runtime.state.runtime import Runtime
from engine.spiff.elements import Event
from engine.spiff.process import CompiledProcess
from engine.store.locks import Advisory, advisory
from engine.store.rows import insert_rows
from engine.store.tables import deployment, deployment_file, process_version, start_event
from engine.store.unit_of_work import after_commit

# Two deployments must not take the same version, of a bundle or of a process; the lock goes with the transaction.


@dataclass(frozen=True, slots=True)
class Deployment:
    """A bundle as deployed; `processes` are the ids of its process versions by process key."""

    id: int
    name: str
    version: int
    processes: Mapping[str, int]
    #: False when every process of the bundle runs these very bytes already.
    new: bool = True


#: Pages beside those of the bundles.
RESERVED_NAMES = frozenset({"service-tasks", "landscape", "drafts", "feel", "rules", "words"})
#: The longest note, in characters.
MAX_NOTE = 2000


@dataclass(frozen=True, slots=True)
class Author:
    """Who deploys, and what they say has changed and why."""

    name: str
    note: str = ""


class ModelRefused(Invalid):
    """The bundle has errors; `findings` lists everything that was found."""

    default_code = "model_refused"

    def __init__(self, findings: Sequence[Finding]) -> None:
        errors = [finding for finding in findings if finding.severity == "error"]
        first = errors[0]
        super().__init__(
            f"The model has {len(errors)} error(s). The first, in {first.path}: {first.message}",
            next_step=first.next_step,
            element_id=first.element_id,
        )
        self.findings = tuple(findings)

    @property
    def members(self) -> Mapping[str, Any]:
        """Everything that was found."""
        return {"findings": self.findings}


def deploy(runtime: Runtime, tx: Session, bundle: Bundle, actor: str | Author, groups: Collection[str] | None = None) -> Deployment:
    """Check, compile and store a bundle as the next version of its name; nothing when all its processes run these bytes already.

    Raises ModelRefused when the bundle has errors, Invalid for a note that is too long or a name that is taken by a page.
    """
    author = actor if isinstance(actor, Author) else Author(actor)
    _check_words(bundle.name, author.note)
    advisory(tx, Advisory.DEPLOY)
    running = in_force(tx, bundle.sha256)
    if running is not None:
        return running
    checked = check(bundle, runtime.service_tasks, groups, runtime.time_zone, read_calendars(tx))
    if not checked.ok:
        raise ModelRefused(checked.findings)
    newest = select(func.coalesce(func.max(deployment.c.version), 0)).where(deployment.c.name == bundle.name)
    version: int = tx.execute(newest).scalar_one() + 1
    row = {"name": bundle.name, "version": version, "sha256": bundle.sha256, "deployed_by": author.name, "note": author.note.strip()}
    number: int = tx.execute(insert(deployment).values(**row).returning(deployment.c.id)).scalar_one()
    _store_files(tx, number, bundle)
    processes = {process.key: _store_process(tx, number, process, checked.path_of(process.key)) for process in checked.processes}
    for process in checked.processes:
        schedules.replace(tx, process.key, processes[process.key], schedules.timers_of(process, runtime.time_zone))
    _keep_compiled(runtime, tx, checked, Deployment(number, bundle.name, version, processes))
    audit.record(tx, audit.Entry(author.name, "deploy", f"deployment:{number}", detail={**row, "processes": sorted(processes)}))
    return Deployment(number, bundle.name, version, processes)


def retire(tx: Session, version_id: int, actor: str, reason: str) -> None:
    """Let no new instance begin with a process version; those that run go on. Raises NotFound."""
    retired = (
        update(process_version).where(process_version.c.id == version_id).values(retired=True).returning(process_version.c.process_key)
    )
    key = tx.execute(retired).scalar()
    if key is None:
        raise NotFound(f"There is no process version {version_id}.", code="process_version_unknown", next_step="Look at the deployments.")
    audit.record(tx, audit.Entry(actor, "retire", f"process_version:{version_id}", reason, {"process_key": key}))


def versions_of(tx: Session, made: Deployment) -> dict[str, int]:
    """The number of each process version of a deployment, by process key."""
    rows = tx.execute(select(process_version.c.process_key, process_version.c.version).where(process_version.c.deployment_id == made.id))
    return {row.process_key: row.version for row in rows}


def _check_words(name: str, note: str) -> None:
    if name in RESERVED_NAMES:
        raise Invalid(
            f"A bundle cannot be called {name}: a page has this name.",
            code="bundle_name",
            next_step="Give it another name.",
            errors={"name": ["is the name of a page"]},
        )
    if len(note) > MAX_NOTE:
        errors = {"note": [f"must have at most {MAX_NOTE} characters"]}
        raise Invalid(f"The note has {len(note)} characters.", code="note_too_long", next_step="Say it more shortly.", errors=errors)


def in_force(tx: Session, sha256: str) -> Deployment | None:
    """The deployment of these bytes, under whatever name, all of whose processes are what new instances run."""
    found = tx.execute(
        select(deployment.c.id, deployment.c.name, deployment.c.version)
        .join(process_version, process_version.c.deployment_id == deployment.c.id)
        .where(deployment.c.sha256 == sha256)
        .group_by(deployment.c.id)
        .having(func.bool_and(process_version.c.latest))
    ).first()
    if found is None:
        return None
    rows = tx.execute(select(process_version.c.process_key, process_version.c.id).where(process_version.c.deployment_id == found.id))
    return Deployment(found.id, found.name, found.version, {row.process_key: row.id for row in rows}, new=False)


def _store_files(tx: Session, number: int, bundle: Bundle) -> None:
    rows = [
        {"deployment_id": number, "path": path, "kind": (kind_of(path) or "other").strip("."), "content": content}
        for path, content in bundle.files.items()
    ]
    tx.execute(insert(deployment_file), rows)


def _store_process(tx: Session, number: int, process: CompiledProcess, path: str) -> int:
    of_key = process_version.c.process_key == process.key
    newest: int = tx.execute(select(func.coalesce(func.max(process_version.c.version), 0)).where(of_key)).scalar_one()
    tx.execute(update(process_version).where(of_key, process_version.c.latest).values(latest=False))
    row = {
        "deployment_id": number,
        "process_key": process.key,
        "version": newest + 1,
        "name": process.name,
        "path": path,
    }
    version_id: int = tx.execute(insert(process_version).values(**row).returning(process_version.c.id)).scalar_one()
    insert_rows(tx, start_event, _start_rows(version_id, process))
    return version_id


def _start_rows(version_id: int, process: CompiledProcess) -> list[dict[str, Any]]:
    """Each thing that begins an instance, once."""
    begins = [(element.id, event) for element in process.start_events for event in element.events or (Event("none"),)]
    rows = {(element_id, event.kind, event.expression if event.kind == "timer" else event.name) for element_id, event in begins}
    return [{"process_version_id": version_id, "element_id": each[0], "kind": each[1], "name": each[2]} for each in sorted(rows)]


def _keep_compiled(runtime: Runtime, tx: Session, checked: CheckedBundle, made: Deployment) -> None:
    compiled = CompiledDeployment(made.id, {process.key: process for process in checked.processes}, checked.forms)

    def keep() -> None:
        for key, version_id in made.processes.items():
            runtime.models.put(version_id, key, compiled)

    after_commit(tx, keep)
