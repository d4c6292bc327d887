"""Deployments and process versions as people and programs are shown them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select, text
from sqlalchemy.orm import Session

from engine.problems import Invalid, NotFound
from engine.runtime.read.bundles import LATEST, DeploymentRow
from engine.store.paging import Asked, Key, Page, read_page
from engine.store.tables import deployment, deployment_file, instance, process_version


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version of a process; `running` counts its instances that have not ended.

    `latest` is what new instances begin with, unless it is `retired`.
    """

    id: int
    process_key: str
    name: str
    version: int
    latest: bool
    retired: bool
    deployment_id: int
    deployed_by: str
    deployed_at: datetime
    running: int


@dataclass(frozen=True, slots=True)
class Definition:
    """A process version with where it comes from: the deployment, its moment, and the diagram's path in it."""

    id: int
    process_key: str
    name: str
    version: int
    path: str
    latest: bool
    retired: bool
    deployment_id: int
    deployed_at: datetime


def list_deployments(tx: Session, asked: Asked) -> Page[DeploymentRow]:
    """Deployments, the latest first."""
    statement = select(*(deployment.c[name] for name in DeploymentRow.__dataclass_fields__))
    return read_page(tx, statement, (Key(deployment.c.id, descending=True),), asked).typed(DeploymentRow)


def list_versions(tx: Session, search: str, asked: Asked, *, count: bool = False) -> Page[VersionRow]:
    """Process versions by process, the newest first; `search` finds the key or a part of the name."""
    running = (
        select(func.count())
        .where(instance.c.process_version_id == process_version.c.id, instance.c.state.notin_(("completed", "cancelled")))
        .scalar_subquery()
    )
    own = ("id", "process_key", "name", "version", "latest", "retired", "deployment_id")
    statement = select(
        *(process_version.c[name] for name in own), deployment.c.deployed_by, deployment.c.deployed_at, running.label("running")
    ).join(deployment, deployment.c.id == process_version.c.deployment_id)
    if search:
        of_key = process_version.c.process_key.istartswith(search, autoescape=True)
        statement = statement.where(of_key | process_version.c.name.icontains(search, autoescape=True))
    keys = (Key(process_version.c.process_key), Key(process_version.c.version, descending=True))
    return read_page(tx, statement, keys, asked, count=count).typed(VersionRow)


def definitions_of(tx: Session, deployment_id: int) -> list[Definition]:
    """The process versions of a deployment, by process."""
    return [Definition(**row) for row in tx.execute(_DEFINITIONS, {"deployment_id": deployment_id, "key": None}).mappings()]


def find_definition(tx: Session, process_key: str, version: int | None = None) -> Definition:
    """A version of a process; the latest one without a number. Raises NotFound."""
    rows = tx.execute(_DEFINITIONS, {"deployment_id": None, "key": process_key}).mappings()
    found = next((Definition(**row) for row in rows if (row["latest"] if version is None else row["version"] == version)), None)
    if found is None:
        what = f"process {process_key[:100]!r}" if version is None else f"version {version} of a process {process_key[:100]!r}"
        raise NotFound(f"There is no {what}.", code="process_unknown", next_step="Deploy it, or look at the list of processes.")
    return found


def model_of_version(tx: Session, process_key: str, version: str) -> bytes:
    """The diagram of a version (a number, or LATEST), byte for byte as it was deployed. Raises Invalid, NotFound."""
    if version != LATEST and not (version.isascii() and version.isdigit() and len(version) <= 9):  # noqa: PLR2004  # fits an integer
        raise Invalid(f"{version!r} is no version.", code="version", next_step=f"Use a number or `{LATEST}`.")
    wanted = process_version.c.latest if version == LATEST else process_version.c.version == int(version)
    of_version = and_(deployment_file.c.deployment_id == process_version.c.deployment_id, deployment_file.c.path == process_version.c.path)
    content: bytes | None = tx.scalar(
        select(deployment_file.c.content).join(process_version, of_version).where(process_version.c.process_key == process_key, wanted)
    )
    if content is None:
        raise NotFound(
            f"There is no process version {process_key} {version}.",
            code="process_version_unknown",
            next_step="Check the number in the list of process versions.",
        )
    return bytes(content)


_DEFINITIONS = text("""
SELECT v.id, v.process_key, v.name, v.version, v.path, v.latest, v.retired, v.deployment_id, d.deployed_at
FROM process_version AS v JOIN deployment AS d ON d.id = v.deployment_id
WHERE (v.deployment_id = CAST(:deployment_id AS bigint) OR v.process_key = CAST(:key AS text)) ORDER BY v.process_key, v.version DESC
""")
