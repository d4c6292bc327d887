"""What became of each setting of a model that was converted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Fate(StrEnum):
    """What became of a setting."""

    #: It is said by a setting of ours.
    TRANSLATED = "translated"
    #: It changes nothing here; the file keeps it, or does without it.
    NEEDLESS = "needless"
    #: It has no counterpart: the file keeps it, and the check refuses the file until somebody decides.
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Note:
    """One setting of another tool. `became` says what it is now, or why it changes nothing, or, where it is left, what to do instead."""

    fate: Fate
    element_id: str
    element_name: str
    #: As it stands in the file: `zeebe:taskDefinition type="ship"`.
    what: str
    became: str

    @property
    def element(self) -> str:
        """What people call the element."""
        return f"{self.element_name} ({self.element_id})" if self.element_name else self.element_id


_HEADINGS: Final = (
    (
        Fate.LEFT,
        "To be decided",
        "These settings have no counterpart. They stand in the diagram as they were, and it cannot be deployed with them.",
    ),
    (Fate.TRANSLATED, "Translated", "These settings are said by ours now."),
    (Fate.NEEDLESS, "Without effect here", "These settings change nothing here."),
)


def as_markdown(path: str, notes: Sequence[Note]) -> str:
    """The report as a text for people, what is to be decided first."""
    parts = [f"# What became of {path}\n\n{summary(notes)}\n"]
    for fate, heading, told in _HEADINGS:
        rows = [note for note in notes if note.fate is fate]
        if rows:
            parts.append(f"\n## {heading}\n\n{told}\n\n| Element | Setting | What became of it |\n|---|---|---|\n")
            parts += [f"| {_cell(row.element)} | `{_cell(row.what)}` | {_cell(row.became)} |\n" for row in rows]
    return "".join(parts)


def summary(notes: Iterable[Note]) -> str:
    """How many settings became what, in a sentence."""
    counted = dict.fromkeys(Fate, 0)
    for note in notes:
        counted[note.fate] += 1
    left = counted[Fate.LEFT]
    rest = f"{left} need{'s' if left == 1 else ''} a decision" if left else "nothing is left to decide"
    return f"{counted[Fate.TRANSLATED]} settings are translated, {counted[Fate.NEEDLESS]} change nothing here, and {rest}."


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("`", "'").split())
