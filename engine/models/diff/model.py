"""The differences of two versions, as data."""

from dataclasses import dataclass
from typing import Literal

#: `moved` says that a thing is the same and stands elsewhere: on the canvas, in another lane or subprocess, in another order.
Kind = Literal["added", "removed", "changed", "moved"]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference of an element or field.

    `name` and `what` are how people call it (`Approve quote`, `User task`). `setting` is what differs, empty where the whole was added,
    removed or moved on the canvas. `drawn_in` is the id of the process of a diagram it belongs to, empty elsewhere.
    """

    kind: Kind
    id: str
    name: str
    what: str
    setting: str = ""
    old: str | None = None
    new: str | None = None
    drawn_in: str = ""

    @property
    def layout(self) -> bool:
        """Whether only the picture differs: nothing runs otherwise."""
        return self.kind == "moved" and not self.setting


@dataclass(frozen=True, slots=True)
class CellDiff:
    """A cell of a row: what stood in it and what stands in it; None where its column, or its row, is not there."""

    column: str
    old: str | None
    new: str | None

    @property
    def differs(self) -> bool:
        """Whether it is another text, or one that is new or gone."""
        return self.old != self.new


@dataclass(frozen=True, slots=True)
class RowDiff:
    """A rule that differs: its numbers in the old and in the new table, and all its cells."""

    kind: Kind
    id: str
    old_number: int | None
    new_number: int | None
    cells: tuple[CellDiff, ...]


@dataclass(frozen=True, slots=True)
class TableDiff:
    """A decision table that differs: what of the table itself, which columns it has now or had, and the rules that differ."""

    decision_id: str
    name: str
    columns: tuple[str, ...]
    rows: tuple[RowDiff, ...]
    unchanged: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a text: `kind` is added, removed, or same (shown for its surroundings), or gap for lines left out."""

    kind: Literal["added", "removed", "same", "gap"]
    old_number: int | None
    new_number: int | None
    text: str


@dataclass(frozen=True, slots=True)
class FileDiff:
    """A file that differs. `kind` is diagram, decision, form, scenario, text or other; `old_path` differs where it was renamed.

    Of a file that was added or removed nothing more is said. `changes` are of diagrams, forms and the parts of decisions outside of tables.
    """

    path: str
    kind: str
    change: Literal["added", "removed", "changed", "renamed"]
    old_path: str
    changes: tuple[Change, ...] = ()
    tables: tuple[TableDiff, ...] = ()
    lines: tuple[Line, ...] = ()

    @property
    def meant(self) -> tuple[Change, ...]:
        """The changes that are more than layout."""
        return tuple(change for change in self.changes if not change.layout)


@dataclass(frozen=True, slots=True)
class Touch:
    """A step of the old version that tokens may stand on and that is not as it was: its name, and what became of it in words."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class BundleDiff:
    """Every file that differs, by path, diagrams first.

    `touched` are the elements of the old diagrams on which a token may stand and that changed or went away: by element id.
    """

    files: tuple[FileDiff, ...]
    touched: dict[str, Touch]

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.files
