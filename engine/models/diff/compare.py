"""Two versions of a bundle compared file by file, and the elements whose tokens a change touches."""

from collections.abc import Iterator, Mapping
from typing import Final

from engine.models.bundle import FileKind, kind_of, stem_of
from engine.models.diff.bpmn import compare_diagrams
from engine.models.diff.dmn import compare_decisions
from engine.models.diff.elements import take_apart
from engine.models.diff.forms import compare_forms
from engine.models.diff.model import BundleDiff, FileDiff, Touch
from engine.models.diff.texts import compare_texts
from engine.models.reading.decisions import read_decision_file
from engine.models.reading.drawing import read_drawing
from engine.models.reading.forms import schema_of
from engine.models.reading.identity import named_in

_KINDS: Final[Mapping[FileKind | None, str]] = {
    FileKind.DIAGRAM: "diagram",
    FileKind.DECISION: "decision",
    FileKind.FORM: "form",
    FileKind.SCENARIO: "scenario",
    FileKind.TEXT: "text",
    None: "other",
}


def compare(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> BundleDiff:
    """Every file that differs between two versions, by path. Never raises: what cannot be read is compared as text."""
    renamed = dict(_renamed(old, new))
    found = [_file(renamed.get(path, path), path, old, new) for path in new]
    found += [FileDiff(path, _kind(path), "removed", path) for path in old if path not in new and path not in renamed.values()]
    order = list(_KINDS.values())
    files = sorted((each for each in found if each is not None), key=lambda each: (order.index(each.kind), each.path))
    return BundleDiff(tuple(files), dict(_touched(files, old)))


def _kind(path: str) -> str:
    return _KINDS[kind_of(path)]


def _renamed(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """A file that came is one that went, where its bytes are the same or it holds the same process or decision."""
    gone = [path for path in old if path not in new]
    for path in new:
        if path not in old:
            for other in gone:
                if kind_of(path) is kind_of(other) and (old[other] == new[path] or named_in(other, old[other]) & named_in(path, new[path])):
                    gone.remove(other)
                    yield path, other
                    break


def _file(before: str, after: str, old: Mapping[str, bytes], new: Mapping[str, bytes]) -> FileDiff | None:
    if before not in old:
        return FileDiff(after, _kind(after), "added", after)
    one, other = old[before], new[after]
    if one == other:
        return None if before == after else FileDiff(after, _kind(after), "renamed", before)
    change = "changed" if before == after else "renamed"
    return _inside(FileDiff(after, _kind(after), change, before), one, other)  # type: ignore[arg-type]  # one of the two


def _inside(shell: FileDiff, one: bytes, other: bytes) -> FileDiff:
    """What differs inside of a file that is in both versions."""
    path, kind, change, before = shell.path, shell.kind, shell.change, shell.old_path
    if kind == "diagram":
        taken_old, taken_new = take_apart(one), take_apart(other)
        if taken_old is not None and taken_new is not None:
            return _or_text(FileDiff(path, kind, change, before, changes=compare_diagrams(taken_old, taken_new)), one, other)
    if kind == "decision":
        changes, tables = compare_decisions(read_decision_file(path, one), read_decision_file(path, other))
        return _or_text(FileDiff(path, kind, change, before, changes=changes, tables=tables), one, other)
    if kind == "form":
        schemas = schema_of(one), schema_of(other)
        if schemas[0] is not None and schemas[1] is not None:
            return _or_text(FileDiff(path, kind, change, before, changes=compare_forms(schemas[0], schemas[1])), one, other)
    return FileDiff(path, kind, change, before, lines=compare_texts(one, other))


def _or_text(found: FileDiff, one: bytes, other: bytes) -> FileDiff:
    """Bytes differ for a reason: where nothing that people speak of does, the lines show it."""
    if found.changes or found.tables:
        return found
    return FileDiff(found.path, found.kind, found.change, found.old_path, lines=compare_texts(one, other))


def _touched(files: list[FileDiff], old: Mapping[str, bytes]) -> Iterator[tuple[str, Touch]]:
    """The steps of the old version that changed, went away, or show or ask what changed."""
    named = dict(_named(files, old))
    changed = {change.id: "removed" if change.kind == "removed" else "changed" for file in files for change in file.meant}
    gone = {file.path for file in files if file.change == "removed"}
    for path in old:
        for step in read_drawing(path, old[path]).steps if kind_of(path) is FileKind.DIAGRAM else ():
            reasons = [named[each.kind, each.name] for each in step.references if (each.kind, each.name) in named]
            reason = "removed" if path in gone else changed.get(step.id) or next(iter(reasons), "")
            if reason:
                yield step.id, Touch(step.name, reason)


def _named(files: list[FileDiff], old: Mapping[str, bytes]) -> Iterator[tuple[tuple[str, str], str]]:
    """What became of the forms and decisions that steps name, in words."""
    for file in files:
        if file.kind == "form" and file.old_path in old:
            key = stem_of(file.old_path)
            yield ("form", key), f"its form {key} {_became(file)}"
        elif file.kind == "decision" and file.old_path in old:
            for decision in read_decision_file(file.old_path, old[file.old_path]).decisions:
                yield ("decision", decision.id), f"its decision {decision.name} {_became(file)}"


def _became(file: FileDiff) -> str:
    return "was removed" if file.change == "removed" else "was renamed" if file.change == "renamed" and not file.changes else "changed"
