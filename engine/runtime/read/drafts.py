"""Drafts as people and programs are shown them, each file beside what is deployed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session, aliased

from engine.models.bundle import Bundle, Finding, admit
from engine.models.check import check
from engine.models.reach import Reach, reach_of
from engine.problems import NotFound
from engine.runtime.state.calendars import read_calendars
from engine.runtime.state.runtime import Runtime
from engine.store.paging import AnyRow, Asked, Key, Page, read_page
from engine.store.tables import deployment, deployment_file, draft, draft_file


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A draft in the list. `based_on_version` is null for one that was begun empty; `files` counts its files."""

    bundle: str
    based_on_version: int | None
    begun_by: str
    begun_at: datetime
    files: int
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class DraftFile:
    """A file of a draft. `state` is against what the draft is based on: new, changed, unchanged, or removed (then it has no revision)."""

    path: str
    kind: str
    size: int
    revision: int | None
    changed_by: str | None
    changed_at: datetime | None
    state: str


@dataclass(frozen=True, slots=True)
class NewerDeployment:
    """What somebody deployed since a draft was begun."""

    version: int
    deployed_by: str
    deployed_at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft with its files. `newer` is what was deployed meanwhile, which the draft does not know of."""

    bundle: str
    based_on_version: int | None
    begun_by: str
    begun_at: datetime
    newer: NewerDeployment | None
    files: Sequence[DraftFile]


@dataclass(frozen=True, slots=True)
class CheckedDraft:
    """What deployment would say, and what an editor goes on with: the variables in reach, and what steps may name."""

    ok: bool
    findings: Sequence[Finding]
    #: By process; none where a diagram cannot be read.
    variables: Sequence[Reach]
    forms: Sequence[str]
    decisions: Sequence[str]
    processes: Sequence[str]


@dataclass(frozen=True, slots=True)
class FileContent:
    """The bytes of a file of a draft, at a revision."""

    path: str
    content: bytes
    revision: int
    changed_by: str
    changed_at: datetime


def list_drafts(tx: Session, asked: Asked) -> Page[DraftRow]:
    """All drafts, by bundle."""
    files = select(func.count()).where(draft_file.c.draft_id == draft.c.id).scalar_subquery()
    changed_at = select(func.max(draft_file.c.changed_at)).where(draft_file.c.draft_id == draft.c.id).scalar_subquery()
    statement = select(
        draft.c.bundle,
        deployment.c.version.label("based_on_version"),
        draft.c.begun_by,
        draft.c.begun_at,
        files.label("files"),
        changed_at.label("changed_at"),
    ).outerjoin(deployment, deployment.c.id == draft.c.based_on)
    return read_page(tx, statement, (Key(draft.c.bundle),), asked).typed(DraftRow)


def show_draft(tx: Session, bundle: str) -> Draft:
    """One draft. Raises NotFound."""
    found = find_draft(tx, bundle)
    if found is None:
        raise _unknown(bundle)
    return found


def find_draft(tx: Session, bundle: str) -> Draft | None:
    """One draft; None where nobody works on the bundle."""
    found = _row(tx, bundle)
    if found is None:
        return None
    newer = None
    if found.newest_version is not None and found.newest_id != found.based_on:
        newer = NewerDeployment(found.newest_version, found.newest_by, found.newest_at)
    files = sorted([*_files(tx, found.id, found.based_on), *_removed(tx, found.id, found.based_on)], key=_in_order)
    return Draft(bundle, found.version, found.begun_by, found.begun_at, newer, files)


def read_file(tx: Session, bundle: str, path: str) -> FileContent:
    """A file of a draft, with its bytes. Raises NotFound."""
    columns = [draft_file.c[name] for name in FileContent.__dataclass_fields__]
    row = tx.execute(select(*columns).join(draft).where(draft.c.bundle == bundle, draft_file.c.path == path)).first()
    if row is None:
        _find(tx, bundle)
        raise NotFound(f"The draft of {bundle} has no file {path}.", code="draft_file_unknown", next_step="Look at the draft's files.")
    return FileContent(row.path, bytes(row.content), row.revision, row.changed_by, row.changed_at)


def deployed_version(tx: Session, bundle: str) -> int | None:
    """The version of a bundle that a draft would begin with; None where nothing of the name is deployed."""
    version: int | None = tx.scalar(select(func.max(deployment.c.version)).where(deployment.c.name == bundle))
    return version


def check_draft(
    runtime: Runtime, tx: Session, bundle: str, changed: Mapping[str, bytes], groups: Collection[str] | None = None
) -> CheckedDraft:
    """What deployment would say of a draft in which the `changed` files are as given and not yet saved. Raises NotFound, TooLarge."""
    saved = bundle_of(tx, bundle)
    for path, content in changed.items():
        admit(path, len(content), {name: len(other) for name, other in saved.files.items() if name != path})
    checked = check(Bundle(bundle, {**saved.files, **changed}), runtime.service_tasks, groups, runtime.time_zone, read_calendars(tx))
    known = checked.known
    return CheckedDraft(
        ok=checked.ok,
        findings=checked.findings,
        variables=() if known is None else tuple(reach_of(known)),
        forms=tuple(sorted(checked.forms)),
        decisions=tuple(sorted(checked.decisions)),
        processes=() if known is None else tuple(sorted(scope.id for scope in known.scopes() if scope.parent is None)),
    )


def bundle_of(tx: Session, bundle: str) -> Bundle:
    """All files of a draft as they are now. Raises NotFound."""
    number = _find(tx, bundle).id
    rows = tx.execute(select(draft_file.c.path, draft_file.c.content).where(draft_file.c.draft_id == number))
    return Bundle(bundle, {row.path: bytes(row.content) for row in rows})


def _find(tx: Session, bundle: str) -> AnyRow:
    found = _row(tx, bundle)
    if found is None:
        raise _unknown(bundle)
    return found


def _unknown(bundle: str) -> NotFound:
    return NotFound(f"There is no draft of {bundle}.", code="draft_unknown", next_step="Begin one on the page of the process.")


def _row(tx: Session, bundle: str) -> AnyRow | None:
    newest = aliased(deployment)
    highest = select(func.max(deployment.c.version)).where(deployment.c.name == draft.c.bundle).correlate(draft).scalar_subquery()
    statement = (
        select(
            draft.c.id,
            draft.c.based_on,
            draft.c.begun_by,
            draft.c.begun_at,
            deployment.c.version,
            newest.c.id.label("newest_id"),
            newest.c.version.label("newest_version"),
            newest.c.deployed_by.label("newest_by"),
            newest.c.deployed_at.label("newest_at"),
        )
        .outerjoin(deployment, deployment.c.id == draft.c.based_on)
        .outerjoin(newest, and_(newest.c.name == draft.c.bundle, newest.c.version == highest))
        .where(draft.c.bundle == bundle)
    )
    return tx.execute(statement).first()


def _files(tx: Session, number: int, base: int | None) -> list[DraftFile]:
    of_base = and_(deployment_file.c.deployment_id == base, deployment_file.c.path == draft_file.c.path)
    same = deployment_file.c.content == draft_file.c.content
    state = case((deployment_file.c.path.is_(None), "new"), (same, "unchanged"), else_="changed")
    own = ("path", "kind", "revision", "changed_by", "changed_at")
    columns = (*(draft_file.c[name] for name in own), func.length(draft_file.c.content).label("size"), state.label("state"))
    rows = tx.execute(select(*columns).outerjoin(deployment_file, of_base).where(draft_file.c.draft_id == number))
    return [DraftFile(**row._mapping) for row in rows]  # noqa: SLF001  # its public name


def _removed(tx: Session, number: int, base: int | None) -> list[DraftFile]:
    """Files of the base that are not in the draft any more."""
    drafted = select(draft_file.c.path).where(draft_file.c.draft_id == number)
    columns = (deployment_file.c.path, deployment_file.c.kind, func.length(deployment_file.c.content).label("size"))
    of_base = deployment_file.c.deployment_id == base
    rows = tx.execute(select(*columns).where(of_base, deployment_file.c.path.not_in(drafted)))
    return [DraftFile(row.path, row.kind, row.size, None, None, None, "removed") for row in rows]


_KINDS = ("bpmn", "dmn", "form", "scenario.json", "md")


def _in_order(file: DraftFile) -> tuple[int, str]:
    """Diagrams first, then what they refer to."""
    return (_KINDS.index(file.kind) if file.kind in _KINDS else len(_KINDS), file.path)
