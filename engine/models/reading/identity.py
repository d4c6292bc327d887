"""What a file holds, whatever it is called: how a renamed file is known, and where one that is sent alone belongs."""

from collections.abc import Mapping

from engine.models.bundle import FileKind, kind_of, stem_of
from engine.models.reading.decisions import read_decision_file
from engine.models.reading.drawing import read_drawing


def named_in(path: str, content: bytes) -> frozenset[str]:
    """The ids of the processes of a diagram, or of the decisions of a decision file; none for what cannot be read, and other files."""
    kind = kind_of(path)
    if kind is FileKind.DIAGRAM:
        return frozenset(process.key for process in read_drawing(path, content).processes)
    return frozenset(each.id for each in read_decision_file(path, content).decisions) if kind is FileKind.DECISION else frozenset()


def place_of(path: str, content: bytes, files: Mapping[str, bytes]) -> str:
    """Whose place a file takes among the files of a bundle.

    That of the only one with the same process or decision; else of its own path; else of the only one of its name in some folder; else its
    own path, which is new.
    """
    named, others = named_in(path, content), [other for other in files if kind_of(other) is kind_of(path)]
    same = [other for other in others if named & named_in(other, files[other])]
    alike = [other for other in others if stem_of(other) == stem_of(path)]
    if path in same or (not same and path in files):
        return path
    return next((found[0] for found in (same, alike) if len(found) == 1), path)
