"""What FEEL refuses, and says to a person."""

from collections.abc import Mapping
from typing import Any

from engine.problems import Problem


class FeelSyntaxError(Problem):
    """The text is not FEEL (DMN 1.5, section 10.3.1.2); nothing was evaluated.

    `position` is the offset into `text` where reading stopped, `line` and `column` the same place counted from 1.
    """

    default_code = "feel_syntax"

    def __init__(self, message: str, *, text: str, position: int) -> None:
        before = text[:position]
        self.text = text
        self.message = message
        self.position = position
        self.line = before.count("\n") + 1
        self.column = position - (before.rfind("\n") + 1) + 1
        super().__init__(
            f"{message} (line {self.line}, column {self.column} of {shorten(text)})",
            next_step="Correct the expression at this place.",
        )

    @property
    def members(self) -> Mapping[str, Any]:
        """The place, for a program that shows it."""
        return {"position": self.position, "line": self.line, "column": self.column}


class FeelLimitExceeded(Problem):
    """An evaluation used more steps, space, depth or time than it was given; it was stopped and gave no value."""

    default_code = "feel_limit"

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The expression was stopped: {what}.",
            next_step="Make the expression simpler, or have a service task do this work.",
        )


class FeelValueError(Problem):
    """A value cannot cross the border of FEEL: it is not of the kind asked for, or an assignment has no place for it."""

    default_code = "feel_value"


def shorten(text: str, limit: int = 60) -> str:
    """The text in quotation marks, cut so that it fits into a sentence."""
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")
