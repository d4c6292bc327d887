"""Back to an earlier version of a bundle in one act: its bytes become the newest version, and what it did not have begins no more."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.models.bundle import Bundle
from engine.problems import Conflict, NotFound
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs.deploy import MAX_NOTE, Author, Deployment, deploy, retire
from engine.store.locks import Advisory, advisory


@dataclass(frozen=True, slots=True)
class RollBack:
    """Which bundle goes back to which of its versions; `newest` is the newest one that whoever asks has seen."""

    name: str
    version: int
    newest: int


@dataclass(frozen=True, slots=True)
class RolledBack:
    """The version that was made of the old bytes, and the processes that were retired because the old version did not have them."""

    made: Deployment
    retired: tuple[str, ...]


def roll_back(runtime: Runtime, tx: Session, wanted: RollBack, author: Author, groups: Collection[str] | None = None) -> RolledBack:
    """Deploy an earlier version again. Instances under way stay with the version they began with.

    Raises NotFound, Conflict when a newer version was deployed meanwhile or these bytes are in force, ModelRefused when the old version
    breaks a rule of today.
    """
    advisory(tx, Advisory.DEPLOY)
    found = tx.execute(_FOUND, {"name": wanted.name, "version": wanted.version}).one()
    if found.id is None:
        detail = f"There is no version {wanted.version} of a bundle {wanted.name[:100]}."
        raise NotFound(detail, code="bundle_unknown", next_step="Look at the list of its versions.")
    if found.newest != wanted.newest:
        detail = f"Version {found.newest} of {wanted.name} was deployed meanwhile."
        raise Conflict(detail, code="deployed_meanwhile", next_step="Look at what it changed, then decide anew.")
    files = {row.path: bytes(row.content) for row in tx.execute(_FILES, {"id": found.id})}
    note = f"Rolled back to version {wanted.version}{f': {author.note.strip()}' if author.note.strip() else ''}"
    made = deploy(runtime, tx, Bundle(wanted.name, files), Author(author.name, note[:MAX_NOTE]), groups)
    if not made.new:
        detail = f"Every process of version {wanted.version} runs these very files already."
        raise Conflict(detail, code="in_force_already", next_step="Nothing is to be done.")
    gone = tx.execute(_GONE, {"name": wanted.name, "made": made.id}).all()
    for row in gone:
        retire(tx, row.id, author.name, note)
    return RolledBack(made, tuple(row.process_key for row in gone))


_FOUND = text("""
SELECT (SELECT id FROM deployment WHERE name = :name AND version = :version) AS id,
  (SELECT max(version) FROM deployment WHERE name = :name) AS newest
""")

_FILES = text("""
SELECT path, content FROM deployment_file WHERE deployment_id = :id ORDER BY path
""")

_GONE = text("""
SELECT v.id, v.process_key FROM process_version AS v JOIN deployment AS d ON d.id = v.deployment_id
WHERE d.name = :name AND v.latest AND NOT v.retired AND v.deployment_id <> :made ORDER BY v.process_key
""")
