"""What two versions of a bundle differ in, as people speak of it: pure functions on bytes, for drafts and broken files too.

`compare(old, new)` is the whole room in one call. `bpmn` compares diagrams element by element (layout apart), `dmn` decision tables cell
by cell, `forms` forms field by field, `texts` everything else line by line; `model` has what they answer. A file that cannot be read as
what its name says is compared as text. Knows no database and no page.
"""

from engine.models.diff.compare import compare
from engine.models.diff.model import BundleDiff, CellDiff, Change, FileDiff, Line, RowDiff, TableDiff, Touch

__all__ = ["BundleDiff", "CellDiff", "Change", "FileDiff", "Line", "RowDiff", "TableDiff", "Touch", "compare"]
