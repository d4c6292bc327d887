"""Types as they are written after `instance of` and in the parameters of functions."""

from collections.abc import Collection
from typing import Final

from engine.feel import syntax
from engine.feel.cursor import Cursor

#: Parts of expressions and types inside one another; more would be near Python's own limit.
MAX_DEPTH: Final = 60


class TypeReader(Cursor):
    """A cursor that counts how deep it is and reads types."""

    def __init__(self, text: str, names: Collection[str] = ()) -> None:
        super().__init__(text, names)
        self.depth = 0

    def descend(self) -> None:
        """Go one level down; raises FeelSyntaxError when that is too deep. The way up is `depth -= 1`."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail_at(self.token.start, f"the expression nests deeper than {MAX_DEPTH} levels")

    def type_name(self) -> syntax.TypeName:
        """A type after `instance of` or in the parameters of a function (grammar rule 52)."""
        start = self.token.start
        self.descend()
        name = self.name()
        while self.take("."):  # of an imported model
            name += f".{self.name()}"
        parts: list[syntax.TypeName] = []
        names: list[str] = []
        if name in ("context", "function", "list", "range") and self.take("<"):
            while not self.take(">"):
                if name == "context":
                    names.append(self.name())
                    self.need(":")
                parts.append(self.type_name())
                self.separate(">")
            if name == "function" and self.take("->"):
                self.type_name()
        self.depth -= 1
        return syntax.TypeName(start, self.last_end, name, tuple(parts), tuple(names))
