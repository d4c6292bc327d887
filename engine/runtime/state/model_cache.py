"""Compiled process versions and forms kept in memory; a miss reads the deployed bytes and compiles them again."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from threading import Lock
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.forms import Form
from engine.models.assets import read_assets
from engine.models.bundle import Bundle, FileKind
from engine.models.compilation import compile_all
from engine.models.diagram import build_diagram
from engine.models.reader import read_diagram
from engine.problems import Invalid, NotFound
from engine.spiff.process import CompiledProcess
from engine.store.tables import deployment, deployment_file, process_version
from engine.work import unbounded


@dataclass(frozen=True, slots=True)
class CompiledDeployment:
    """What runs of one deployment: its processes by key and its forms by name."""

    deployment_id: int
    processes: Mapping[str, CompiledProcess]
    forms: Mapping[str, Form]


@dataclass(slots=True)
class ModelCache:
    """Deployments by the id of each of their process versions. Treat what comes out as immutable: all instances share it."""

    most: int = 256
    #: The company's, in which models mean times without a zone. The runtime sets it.
    time_zone: tzinfo = UTC
    #: Names of the named steps by element id, of each diagram by its deployment and path; see `engine.runtime.read.steps`.
    step_names: dict[tuple[int, str], Mapping[str, str]] = field(default_factory=dict)
    _by_version: OrderedDict[int, tuple[CompiledDeployment, str]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def process(self, tx: Session, version_id: int) -> CompiledProcess:
        """The compiled process of a version."""
        compiled, key = self._of(tx, version_id)
        return compiled.processes[key]

    def form(self, tx: Session, version_id: int, form_key: str) -> Form:
        """A form of the deployment a version belongs to."""
        compiled, _ = self._of(tx, version_id)
        if form_key not in compiled.forms:
            raise NotFound(
                f"The deployment has no form {form_key!r}; it has {', '.join(sorted(compiled.forms)) or 'none'}.",
                code="form_unknown",
                next_step="Deploy a version whose bundle holds the form, then migrate the instance.",
            )
        return compiled.forms[form_key]

    def put(self, version_id: int, key: str, compiled: CompiledDeployment) -> None:
        """Keep a version that has just been compiled."""
        with self._lock:
            self._by_version[version_id] = (compiled, key)
            self._by_version.move_to_end(version_id)
            while len(self._by_version) > self.most:
                self._by_version.popitem(last=False)

    def _of(self, tx: Session, version_id: int) -> tuple[CompiledDeployment, str]:
        with self._lock:
            if version_id in self._by_version:
                self._by_version.move_to_end(version_id)
                return self._by_version[version_id]
        return self._load(tx, version_id)

    def _load(self, tx: Session, version_id: int) -> tuple[CompiledDeployment, str]:
        found = tx.execute(
            select(process_version.c.deployment_id, deployment.c.name).join(deployment).where(process_version.c.id == version_id)
        ).one_or_none()
        if found is None:
            raise NotFound(
                f"There is no process version {version_id}.", code="process_version_unknown", next_step="Look at the deployments."
            )
        with unbounded():  # it was deployed within the bounds
            compiled = _compile(tx, found.deployment_id, found.name, self.time_zone)
        of_deployment = process_version.c.deployment_id == found.deployment_id
        keys = dict(tx.execute(select(process_version.c.id, process_version.c.process_key).where(of_deployment)).all())
        for other_id, key in keys.items():
            self.put(other_id, key, compiled)
        return compiled, keys[version_id]  # not from the cache: so many may have been put there meanwhile that it is out again


def _compile(tx: Session, deployment_id: int, name: str, time_zone: tzinfo) -> CompiledDeployment:
    """Compile what was deployed. It is not linted again: a rule that is new today must not stop what runs since yesterday."""
    columns = (deployment_file.c.path, deployment_file.c.content)
    rows: Any = tx.execute(select(*columns).where(deployment_file.c.deployment_id == deployment_id))
    bundle = Bundle(name, {row.path: bytes(row.content) for row in rows})
    readings = [(path, read_diagram(path, content).root) for path, content in bundle.of_kind(FileKind.DIAGRAM).items()]
    assets = read_assets(bundle)
    diagrams = [build_diagram(path, root) for path, root in readings if root is not None]
    processes, refusals = compile_all(diagrams, assets.decisions, time_zone)
    if refusals or not processes:
        raise Invalid(
            f"The deployment {name} no longer compiles: {refusals[0].message if refusals else 'it holds no process.'}",
            code="deployment_unusable",
            next_step="Go back to the release it was deployed with, or deploy a new version and migrate the instances.",
        )
    return CompiledDeployment(deployment_id, {process.key: process for process in processes}, assets.forms)
