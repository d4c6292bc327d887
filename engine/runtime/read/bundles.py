"""Bundles as they were deployed: the list, the versions of one, its files, and which running instances stand on which elements."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Text, exists, func, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by, distinct_on
from sqlalchemy.orm import Session

from engine.models.bundle import Bundle, FileKind, kind_of
from engine.models.reading.drawing import read_drawing
from engine.models.reading.uses import Deployed
from engine.problems import Invalid, NotFound
from engine.runtime.read.places import ACTIVE, PLACES
from engine.store.paging import MOST_IN_A_FILE, Asked, Key, Page, read_page
from engine.store.tables import deployment, deployment_file, instance, process_version

LATEST = "latest"


@dataclass(frozen=True, slots=True)
class BundleRow:
    """A bundle by its newest version.

    `title` is the business name: of the process named like the bundle, else of its first. `running` and `stuck` count the instances of
    all its versions that have not ended, and those of them that wait for an operator.
    """

    name: str
    title: str
    version: int
    deployed_by: str
    deployed_at: datetime
    note: str
    processes: list[str]
    running: int
    stuck: int


@dataclass(frozen=True, slots=True)
class DeploymentRow:
    """A bundle as it was deployed; `sha256` is the hash of its files, `note` what its author said of it."""

    id: int
    name: str
    version: int
    sha256: str
    deployed_by: str
    deployed_at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class BundleVersion(DeploymentRow):
    """One version of a bundle; `newest` is the number of its newest one."""

    newest: int


@dataclass(frozen=True, slots=True)
class ProcessOfVersion:
    """A process of a version. `latest` is what new instances begin with, unless it is `retired`; `running` and `stuck` count instances."""

    id: int
    deployment_id: int
    process_key: str
    name: str
    version: int
    path: str
    latest: bool
    retired: bool
    running: int
    stuck: int


@dataclass(frozen=True, slots=True)
class FileOfVersion:
    """A file of a version; `kind` is bpmn, dmn, form, scenario.json, md or other, `size` in bytes."""

    path: str
    kind: str
    size: int


@dataclass(frozen=True, slots=True)
class BundleContent(BundleVersion):
    """A version of a bundle with its processes and files."""

    processes: Sequence[ProcessOfVersion]
    files: Sequence[FileOfVersion]


@dataclass(frozen=True, slots=True)
class Standing:
    """How many running instances of a version of a bundle stand on an element."""

    version: int
    process_key: str
    element_id: str
    instances: int


def list_bundles(tx: Session, search: str, asked: Asked, *, count: bool = False) -> Page[BundleRow]:
    """Bundles by name; `search` finds a part of their name or of the name of one of their processes."""
    columns = [deployment.c[name] for name in ("id", "name", "version", "deployed_by", "deployed_at", "note")]
    ordered = select(*columns).order_by(deployment.c.name, deployment.c.version.desc())
    newest = ordered.ext(distinct_on(deployment.c.name)).subquery("newest_deployment")
    of_version = process_version.c.deployment_id == newest.c.id
    first = aggregate_order_by(process_version.c.name, process_version.c.process_key != newest.c.name, process_version.c.process_key)
    names = select(func.array_agg(first, type_=ARRAY(Text))).where(of_version).correlate(newest).scalar_subquery()
    busy = (
        select(
            deployment.c.name,
            func.count().label("running"),
            func.count().filter(instance.c.state == "incident").label("stuck"),
        )
        .select_from(instance.join(process_version, process_version.c.id == instance.c.process_version_id).join(deployment))
        .where(instance.c.state.in_(ACTIVE))
        .group_by(deployment.c.name)
        .subquery("busy")
    )
    statement = select(
        newest.c.name,
        func.coalesce(names[1], newest.c.name).label("title"),
        *(newest.c[name] for name in ("version", "deployed_by", "deployed_at", "note")),
        func.coalesce(names, literal([], ARRAY(Text))).label("processes"),
        func.coalesce(busy.c.running, 0).label("running"),
        func.coalesce(busy.c.stuck, 0).label("stuck"),
    ).select_from(newest.outerjoin(busy, busy.c.name == newest.c.name))
    if search:
        named = exists().where(of_version, process_version.c.name.icontains(search, autoescape=True))
        statement = statement.where(newest.c.name.icontains(search, autoescape=True) | named)
    return read_page(tx, statement, (Key(newest.c.name),), asked, count=count).typed(BundleRow)


def export_bundles(tx: Session, search: str) -> Sequence[BundleRow]:
    """Every bundle that the search finds up to MOST_IN_A_FILE, for a file."""
    return list_bundles(tx, search, Asked(MOST_IN_A_FILE)).rows


def get_version(tx: Session, name: str, version: str) -> BundleVersion:
    """A version of a bundle by its number, or LATEST. Raises Invalid, NotFound."""
    if version != LATEST and not (version.isascii() and version.isdigit() and len(version) <= 9):  # noqa: PLR2004  # fits an integer
        raise Invalid(f"{version[:40]!r} is no version.", code="version", next_step=f"Use a number or `{LATEST}`.")
    number = None if version == LATEST else int(version)
    row = tx.execute(_VERSION, {"name": name, "version": number}).mappings().one_or_none()
    if row is None:
        what = f"no bundle {name[:100]}" if number is None else f"no version {number} of a bundle {name[:100]}"
        raise NotFound(f"There is {what}.", code="bundle_unknown", next_step="Look at the list of processes.")
    return BundleVersion(**row)


def get_content(tx: Session, name: str, version: str) -> BundleContent:
    """What is in a version of a bundle. Raises Invalid, NotFound."""
    found = get_version(tx, name, version)
    files = [FileOfVersion(path, (kind_of(path) or "other").strip("."), size) for path, size in sizes_of(tx, found.id).items()]
    return BundleContent(**asdict(found), processes=processes_of(tx, [found.id])[found.id], files=files)


def files_of(tx: Session, deployment_id: int, *kinds: FileKind) -> dict[str, bytes]:
    """The files of a deployment by path, byte for byte; only those of some kinds where any is named."""
    wanted = select(deployment_file.c.path, deployment_file.c.content).where(deployment_file.c.deployment_id == deployment_id)
    if kinds:
        wanted = wanted.where(deployment_file.c.kind.in_([kind.strip(".") for kind in kinds]))
    return {row.path: bytes(row.content) for row in tx.execute(wanted.order_by(deployment_file.c.path))}


def sizes_of(tx: Session, deployment_id: int) -> dict[str, int]:
    """How many bytes each file of a deployment has, by path."""
    columns = deployment_file.c.path, func.octet_length(deployment_file.c.content).label("size")
    rows = tx.execute(select(*columns).where(deployment_file.c.deployment_id == deployment_id).order_by(deployment_file.c.path))
    return {row.path: row.size for row in rows}


def bundle_of(tx: Session, name: str, version: str) -> tuple[BundleVersion, Bundle]:
    """A version with all its files. Raises Invalid, NotFound."""
    found = get_version(tx, name, version)
    return found, Bundle(name, files_of(tx, found.id))


def file_of(tx: Session, name: str, version: str, path: str) -> bytes:
    """One file of a version, byte for byte. Raises Invalid, NotFound."""
    found = get_version(tx, name, version)
    content = tx.scalar(
        select(deployment_file.c.content).where(deployment_file.c.deployment_id == found.id, deployment_file.c.path == path)
    )
    if content is None:
        next_step = "Look at the files of the version."
        raise NotFound(f"Version {found.version} of {name} has no file {path[:200]}.", code="file_unknown", next_step=next_step)
    return bytes(content)


def list_bundle_versions(tx: Session, name: str, asked: Asked, *, count: bool = False) -> Page[DeploymentRow]:
    """The versions of a bundle, the newest first."""
    statement = select(*(deployment.c[each] for each in DeploymentRow.__dataclass_fields__)).where(deployment.c.name == name)
    return read_page(tx, statement, (Key(deployment.c.version, descending=True),), asked, count=count).typed(DeploymentRow)


def processes_of(tx: Session, deployment_ids: Collection[int]) -> Mapping[int, Sequence[ProcessOfVersion]]:
    """The processes of some deployments, by deployment."""
    found: dict[int, list[ProcessOfVersion]] = {number: [] for number in deployment_ids}
    for row in tx.execute(_PROCESSES, {"ids": list(deployment_ids)}).mappings():
        found[row["deployment_id"]].append(ProcessOfVersion(**row))
    return found


def left_behind(tx: Session, name: str) -> list[ProcessOfVersion]:
    """The older versions of a bundle's processes that instances are still under way on, the newest first."""
    return [ProcessOfVersion(**row) for row in tx.execute(_LEFT_BEHIND, {"name": name}).mappings()]


def list_standing(tx: Session, name: str, element_ids: Collection[str]) -> list[Standing]:
    """Which running instances of a bundle stand on some elements, by version, process and element."""
    rows = tx.execute(_STANDING, {"name": name, "ids": list(element_ids)}).mappings()
    return [Standing(**row) for row in rows]


def diagrams_in_force(tx: Session) -> list[Deployed]:
    """The diagram of every process that new instances may begin with. One statement."""
    rows = tx.execute(_IN_FORCE).all()
    return [Deployed(row.name, row.version, read_drawing(row.path, bytes(row.content))) for row in rows]


def files_in_force(tx: Session, kind: FileKind) -> Mapping[str, Mapping[str, bytes]]:
    """The files of one kind of every deployment that has a process in force, by bundle and path. One statement."""
    found: dict[str, dict[str, bytes]] = {}
    for row in tx.execute(_FILES_IN_FORCE, {"kind": kind.strip(".")}):
        found.setdefault(row.name, {})[row.path] = bytes(row.content)
    return found


_VERSION = text("""
SELECT id, name, version, sha256, deployed_by, deployed_at, note,
  (SELECT max(newest.version) FROM deployment AS newest WHERE newest.name = deployment.name) AS newest
FROM deployment WHERE name = :name AND version = coalesce(CAST(:version AS integer),
  (SELECT max(latest.version) FROM deployment AS latest WHERE latest.name = :name))
""")

_COUNTED = """
SELECT v.id, v.deployment_id, v.process_key, v.name, v.version, v.path, v.latest, v.retired,
  count(i.id) AS running, count(i.id) FILTER (WHERE i.state = 'incident') AS stuck
FROM process_version AS v
"""

_PROCESSES = text(f"""{_COUNTED}
LEFT JOIN instance AS i ON i.process_version_id = v.id AND i.state IN ('running', 'waiting', 'incident', 'suspended')
WHERE v.deployment_id = ANY(CAST(:ids AS bigint[]))
GROUP BY v.id ORDER BY v.deployment_id, v.process_key
""")

_LEFT_BEHIND = text(f"""{_COUNTED}
JOIN deployment AS d ON d.id = v.deployment_id AND d.name = :name
JOIN instance AS i ON i.process_version_id = v.id AND i.state IN ('running', 'waiting', 'incident', 'suspended')
WHERE NOT v.latest
GROUP BY v.id ORDER BY v.process_key, v.version DESC
""")

_STANDING = text(f"""
SELECT d.version, v.process_key, place.element_id, count(DISTINCT i.id) AS instances
FROM instance AS i
JOIN process_version AS v ON v.id = i.process_version_id
JOIN deployment AS d ON d.id = v.deployment_id AND d.name = :name
JOIN ({PLACES}) AS place ON place.instance_id = i.id
WHERE i.state IN ('running', 'waiting', 'incident', 'suspended') AND place.element_id = ANY(CAST(:ids AS text[]))
GROUP BY d.version, v.process_key, place.element_id ORDER BY instances DESC, place.element_id, d.version
""")

_IN_FORCE = text("""
SELECT DISTINCT d.name, d.version, f.path, f.content
FROM process_version AS v JOIN deployment AS d ON d.id = v.deployment_id
JOIN deployment_file AS f ON f.deployment_id = v.deployment_id AND f.path = v.path
WHERE v.latest AND NOT v.retired ORDER BY d.name, f.path
""")

_FILES_IN_FORCE = text("""
SELECT d.name, f.path, f.content FROM deployment AS d JOIN deployment_file AS f ON f.deployment_id = d.id AND f.kind = :kind
WHERE EXISTS (SELECT FROM process_version AS v WHERE v.deployment_id = d.id AND v.latest AND NOT v.retired)
ORDER BY d.name, d.version, f.path
""")
