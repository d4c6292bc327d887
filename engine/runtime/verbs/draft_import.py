"""Brings a diagram of elsewhere into a draft: as it is, or, where it speaks of Camunda, converted, with a report as a file beside it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from engine.models.bundle import FileKind, checked_path, kind_of
from engine.models.converting import Note, as_markdown, convert
from engine.models.new_diagram import new_diagram
from engine.problems import Conflict, Invalid
from engine.runtime.verbs import drafts
from engine.runtime.verbs.drafts import Saving


@dataclass(frozen=True, slots=True)
class Imported:
    """A diagram that was brought in: its revision, what became of each setting of another tool, and the files that were made beside it."""

    path: str
    revision: int
    notes: Sequence[Note]
    #: Forms that were drawn from it, and the report; empty where there was nothing to convert.
    files: Sequence[str]


def import_diagram(tx: Session, bundle: str, saving: Saving) -> Imported:
    """Save a diagram, converted; pictures of the business and unsound ones too, for only a deployment must be clean.

    A file of this name is written over only at the revision that is named, or where it is the empty one that a draft begins with.
    Raises NotFound, Invalid for what is no diagram, EditedMeanwhile, TooLarge, and Conflict where a form of the name of a new one is there.
    """
    if kind_of(saving.path) is not FileKind.DIAGRAM:
        raise Invalid(
            f"{saving.path} is no diagram.",
            code="file_kind",
            next_step="Choose a file that ends in .bpmn; other files are added as they are.",
            errors={"path": ["must end in .bpmn"]},
        )
    checked_path(saving.path)
    made = convert(saving.path, saving.content)
    saving = _over_the_empty_one(tx, bundle, saving)
    revision = drafts.save(tx, bundle, replace(saving, content=made.content))
    folder = saving.path.rpartition("/")[0]
    beside = {f"{folder}/{name}" if folder else name: content for name, content in made.files.items()}
    if made.notes:
        beside[f"{saving.path.removesuffix(FileKind.DIAGRAM)}.import.md"] = as_markdown(saving.path, made.notes).encode()
    for path, content in beside.items():
        _write(tx, bundle, Saving(path, content, None, saving.actor))
    return Imported(saving.path, revision, made.notes, sorted(beside))


def _over_the_empty_one(tx: Session, bundle: str, saving: Saving) -> Saving:
    """A draft begins with an empty diagram, which nobody wants to keep."""
    known = None if saving.revision is not None else drafts.find_file(tx, bundle, saving.path)
    empty = known is not None and known.content == new_diagram(saving.path.removesuffix(FileKind.DIAGRAM))
    return replace(saving, revision=known.revision) if known is not None and empty else saving


def _write(tx: Session, bundle: str, saving: Saving) -> None:
    known = drafts.find_file(tx, bundle, saving.path)
    if known is not None and saving.path.endswith(FileKind.FORM) and known.content != saving.content:
        raise Conflict(
            f"The diagram brings a form {saving.path}, and the draft has another one of this name.",
            code="file_name_taken",
            next_step="Choose another name: rename the form that is there, then import the diagram again.",
        )
    drafts.save(tx, bundle, replace(saving, revision=None if known is None else known.revision))
