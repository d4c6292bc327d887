"""Drafts: what is deployed is copied, changed file by file by whoever has the right to deploy, and deployed again or thrown away.

A draft may be unsound; only its deployment must be clean. Whoever saves says which revision of the file they saw: where somebody was
faster nothing is overwritten, and the refusal carries what the other one wrote.
"""

import base64
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from engine.models.bundle import Bundle, admit, checked_path, kind_of
from engine.models.new_diagram import new_diagram
from engine.problems import Conflict, Invalid, NotFound
from engine.runtime.state import audit
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import deploy
from engine.store.locks import Lock, take
from engine.store.paging import AnyRow
from engine.store.tables import deployment, deployment_file, draft, draft_file, draft_revision, element_comment

_NAME = re.compile(r"[a-z][a-z0-9-]{0,99}")


@dataclass(frozen=True, slots=True)
class Written:
    """A file of a draft as it is now."""

    path: str
    revision: int
    content: bytes
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Saving:
    """A file to be written. `revision` is the one its writer saw; None says that there is no such file yet."""

    path: str
    content: bytes
    revision: int | None
    actor: str


@dataclass(frozen=True, slots=True)
class Rebased:
    """What became of the files when another version was taken as the base of a draft."""

    #: What the draft is now based on; None where nothing of the name is deployed.
    version: int | None
    #: Files nobody had changed in the draft: now as deployed.
    taken: Sequence[str]
    #: Files that were changed in the draft and in what was deployed: as drafted, to be looked at.
    kept: Sequence[str]


class EditedMeanwhile(Conflict):
    """Somebody else saved the file, or took it away, since it was read; nothing was overwritten. `current` is what there is now."""

    default_code = "edited_meanwhile"

    def __init__(self, path: str, current: Written | None) -> None:
        super().__init__(
            f"{path} is not in the draft any more." if current is None else f"{current.changed_by} has changed {path} since you opened it.",
            next_step="Add it again under its name, or under another one."
            if current is None
            else "Compare both versions; then save yours over the newer revision, or take theirs.",
        )
        self.current = current

    @property
    def members(self) -> Mapping[str, Any]:
        """What the other one wrote, so that both can be looked at."""
        if self.current is None:
            return {"current": None}
        now = self.current
        content = base64.b64encode(now.content).decode()
        return {
            "current": {
                "revision": now.revision,
                "content": content,
                "changed_by": now.changed_by,
                "changed_at": now.changed_at,
            }
        }


def begin(tx: Session, bundle: str, actor: str, *, empty: bool = False) -> bool:
    """Begin the draft of a bundle with what is deployed under its name, or with an empty diagram. False when there is one already.

    Raises Invalid for a name that no bundle may have.
    """
    _check_name(bundle)
    base = None if empty else _newest(tx, bundle)
    values = {"bundle": bundle, "based_on": None if base is None else base.id, "begun_by": actor}
    made = postgresql.insert(draft).values(**values).on_conflict_do_nothing().returning(draft.c.id)
    number = tx.execute(made).scalar()
    if number is None:
        return False
    files = {f"{bundle}.bpmn": new_diagram(bundle)} if base is None else _deployed(tx, base.id)
    _insert(tx, number, files, actor)
    _note(tx, actor, "begin_draft", bundle, {"version": None if base is None else base.version})
    return True


def find_file(tx: Session, bundle: str, path: str) -> Written | None:
    """A file of a draft, locked with it, as it is now; None where it has none of this name. Raises NotFound where there is no draft."""
    return _current(tx, _locked(tx, bundle).id, path)


def save(tx: Session, bundle: str, saving: Saving) -> int:
    """Write a file of a draft and answer its revision. The same bytes again are no change: an answer may have been lost.

    Raises NotFound, EditedMeanwhile, Invalid for a name that is none, TooLarge.
    """
    number = _locked(tx, bundle).id
    current = _current(tx, number, saving.path)
    if current is not None and current.content == saving.content:
        return current.revision
    if (current is None) != (saving.revision is None) or (current is not None and current.revision != saving.revision):
        raise EditedMeanwhile(saving.path, current)
    if current is None:
        checked_path(saving.path)
    admit(saving.path, len(saving.content), {path: size for path, size in _sizes(tx, number).items() if path != saving.path})
    if current is None:
        return _insert(tx, number, {saving.path: saving.content}, saving.actor)
    return _change(tx, number, saving.path, {"content": saving.content, "changed_by": saving.actor})


def rename(tx: Session, bundle: str, path: str, to: str, seen: tuple[int, str]) -> int:
    """Give a file another name and answer its revision; `seen` is the revision it was seen at, and who renames it.

    Raises NotFound, EditedMeanwhile, Invalid, Conflict when the name is taken.
    """
    revision, actor = seen
    number = _locked(tx, bundle).id
    _unchanged(tx, number, path, revision)
    checked_path(to)
    if to in _sizes(tx, number):
        raise Conflict(f"The draft has a file {to} already.", code="file_name_taken", next_step="Choose another name.")
    made = _change(tx, number, path, {"path": to, "kind": _kind(to), "changed_by": actor})
    of_file = (element_comment.c.bundle == bundle) & (element_comment.c.path == path)
    tx.execute(update(element_comment).where(of_file).values(path=to))
    _note(tx, actor, "rename_draft_file", bundle, {"path": path, "to": to})
    return made


def restore(tx: Session, bundle: str, path: str, actor: str, revision: int | None = None) -> int:
    """Take a file as it is in what the draft is based on, and answer its revision; `revision` is the one seen, None where it was removed.

    Raises NotFound where the base has no such file either, EditedMeanwhile.
    """
    found = _locked(tx, bundle)
    current = _current(tx, found.id, path)
    if (None if current is None else current.revision) != revision:
        raise EditedMeanwhile(path, current)
    of_base = (deployment_file.c.deployment_id == found.based_on) & (deployment_file.c.path == path)
    content = tx.scalar(select(deployment_file.c.content).where(of_base))
    if content is None:
        raise NotFound(f"What the draft is based on has no file {path}.", code="draft_file_unknown", next_step="Remove the file instead.")
    _note(tx, actor, "restore_draft_file", bundle, {"path": path})
    if current is None:
        return _insert(tx, found.id, {path: bytes(content)}, actor)
    return _change(tx, found.id, path, {"content": bytes(content), "changed_by": actor})


def remove(tx: Session, bundle: str, path: str, seen: tuple[int, str]) -> None:
    """Take a file out of a draft; `seen` as for `rename`. Raises NotFound, EditedMeanwhile."""
    revision, actor = seen
    number = _locked(tx, bundle).id
    _unchanged(tx, number, path, revision)
    tx.execute(delete(draft_file).where(draft_file.c.draft_id == number, draft_file.c.path == path))
    _note(tx, actor, "remove_draft_file", bundle, {"path": path})


def discard(tx: Session, bundle: str, actor: str) -> None:
    """Throw a draft away with all its files. Raises NotFound."""
    number = _locked(tx, bundle).id
    paths = sorted(_sizes(tx, number))
    tx.execute(delete(draft).where(draft.c.id == number))
    _note(tx, actor, "discard_draft", bundle, {"files": paths})


def rebase(tx: Session, bundle: str, actor: str) -> Rebased:
    """Take what is deployed now as the base of a draft: files nobody changed in the draft follow it, all others stay as drafted.

    Raises NotFound when there is no draft.
    """
    found = _locked(tx, bundle)
    newest = _newest(tx, bundle)
    if newest is None or newest.id == found.based_on:
        return Rebased(None if newest is None else newest.version, (), ())
    before = {} if found.based_on is None else _deployed(tx, found.based_on)
    theirs, ours = _deployed(tx, newest.id), _contents(tx, found.id)
    moved = {path for path in before.keys() | theirs.keys() if before.get(path) != theirs.get(path)}
    taken = sorted(path for path in moved if ours.get(path) == before.get(path))
    kept = sorted(path for path in moved - set(taken) if ours.get(path) != theirs.get(path))
    tx.execute(delete(draft_file).where(draft_file.c.draft_id == found.id, draft_file.c.path.in_(taken)))
    _insert(tx, found.id, {path: theirs[path] for path in taken if path in theirs}, actor)
    tx.execute(update(draft).where(draft.c.id == found.id).values(based_on=newest.id))
    _note(tx, actor, "rebase_draft", bundle, {"version": newest.version, "taken": taken, "kept": kept})
    return Rebased(newest.version, taken, kept)


def deploy_draft(
    runtime: Runtime, tx: Session, bundle: str, author: deploy.Author, groups: Collection[str] | None = None
) -> deploy.Deployment:
    """Deploy a draft, which then is gone. `groups` are those it may name; None where they are not known, and not checked.

    Raises NotFound, ModelRefused with everything that was found, Conflict when somebody has deployed since the draft was begun.
    """
    found = _locked(tx, bundle)
    newest = _newest(tx, bundle)
    if newest is not None and newest.id != found.based_on:
        raise Conflict(
            f"{newest.deployed_by} has deployed version {newest.version} of {bundle} since this draft was begun.",
            code="draft_outdated",
            next_step=f"Take version {newest.version} as the base of the draft, look at what both changed, then deploy.",
        )
    made = deploy.deploy(runtime, tx, Bundle(bundle, _contents(tx, found.id)), author, groups)
    tx.execute(delete(draft).where(draft.c.id == found.id))
    _note(tx, author.name, "deploy_draft", bundle, {"deployment": made.id, "version": made.version, "note": author.note})
    return made


def bundle_of_draft(tx: Session, bundle: str) -> tuple[Bundle, dict[str, str]]:
    """A draft as the bundle that it would be, and who last wrote each of its files. Raises NotFound."""
    found = _locked(tx, bundle)
    wrote = tx.execute(select(draft_file.c.path, draft_file.c.changed_by).where(draft_file.c.draft_id == found.id))
    return Bundle(bundle, _contents(tx, found.id)), {row.path: row.changed_by for row in wrote}


def _check_name(bundle: str) -> None:
    if not _NAME.fullmatch(bundle) or bundle in deploy.RESERVED_NAMES:
        raise Invalid(
            f"{bundle[:100]!r} is no name for a bundle.",
            code="bundle_name",
            next_step="Use small letters, digits and '-', beginning with a letter, such as quote-to-order.",
            errors={"bundle": ["is no name for a bundle"]},
        )


def _note(tx: Session, actor: str, action: str, bundle: str, detail: Mapping[str, Any]) -> None:
    audit.record(tx, audit.Entry(actor, action, f"draft:{bundle}", detail=detail))


def _locked(tx: Session, bundle: str) -> AnyRow:
    """The draft, which nobody else changes until the transaction ends."""
    take(tx, Lock.DRAFT, [bundle])
    found = tx.execute(select(draft.c.id, draft.c.based_on).where(draft.c.bundle == bundle)).first()
    if found is None:
        raise NotFound(f"There is no draft of {bundle}.", code="draft_unknown", next_step="Begin one on the page of the process.")
    return found


def _newest(tx: Session, bundle: str) -> AnyRow | None:
    """What is deployed under the name."""
    columns = (deployment.c.id, deployment.c.version, deployment.c.deployed_by)
    return tx.execute(select(*columns).where(deployment.c.name == bundle).order_by(deployment.c.version.desc()).limit(1)).first()


def _deployed(tx: Session, number: int) -> dict[str, bytes]:
    rows = tx.execute(select(deployment_file.c.path, deployment_file.c.content).where(deployment_file.c.deployment_id == number))
    return {row.path: bytes(row.content) for row in rows}


def _contents(tx: Session, number: int) -> dict[str, bytes]:
    rows = tx.execute(select(draft_file.c.path, draft_file.c.content).where(draft_file.c.draft_id == number))
    return {row.path: bytes(row.content) for row in rows}


def _sizes(tx: Session, number: int) -> dict[str, int]:
    rows = tx.execute(select(draft_file.c.path, func.length(draft_file.c.content)).where(draft_file.c.draft_id == number))
    return {path: size for path, size in rows}  # noqa: C416  # rows are no pairs to the type checker


def _current(tx: Session, number: int, path: str) -> Written | None:
    columns = [draft_file.c[name] for name in Written.__dataclass_fields__]
    row = tx.execute(select(*columns).where(draft_file.c.draft_id == number, draft_file.c.path == path)).first()
    return None if row is None else Written(row.path, row.revision, bytes(row.content), row.changed_by, row.changed_at)


def _unchanged(tx: Session, number: int, path: str, revision: int) -> None:
    current = _current(tx, number, path)
    if current is None or current.revision != revision:
        raise EditedMeanwhile(path, current)


def _kind(path: str) -> str:
    return (kind_of(path) or "other").strip(".")


def _insert(tx: Session, number: int, files: Mapping[str, bytes], actor: str) -> int:
    """Add files, and answer the highest revision among them."""
    rows = [
        {"draft_id": number, "path": path, "kind": _kind(path), "content": content, "changed_by": actor}
        for path, content in sorted(files.items())
    ]
    return max((tx.scalars(insert(draft_file).returning(draft_file.c.revision), rows).all()), default=0) if rows else 0


def _change(tx: Session, number: int, path: str, values: Mapping[str, Any]) -> int:
    changed = (
        update(draft_file)
        .where(draft_file.c.draft_id == number, draft_file.c.path == path)
        .values(**values, revision=draft_revision.next_value(), changed_at=func.now())
        .returning(draft_file.c.revision)
    )
    revision: int = tx.execute(changed).scalar_one()
    return revision
