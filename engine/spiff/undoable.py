"""What a scope remembers of what was done in it and can be undone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Undoable:
    """Something that was done and has a handler, or a subprocess in which such was done."""

    element: str
    #: The variables it had when it was done; None of a subprocess that is undone by what was done in it.
    data: Mapping[str, Any] | None = None
    #: Which turn of a repeated activity it was, from 0.
    turn: int | None = None
    #: What was done in the subprocess.
    inside: list["Undoable"] = field(default_factory=list)
    #: The token that is to undo it or does so; as long as that lives, no other takes it.
    by: str | None = None
