"""A place in the tokens: looking, taking, names of several words, and errors that say what was expected."""

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Final, NoReturn

from engine.feel.errors import FeelSyntaxError
from engine.feel.lexer import KEYWORDS, Token, tokens_of

#: Names of types and functions that hold a keyword; all other names of several words need no declaration.
_STANDARD_NAMES: Final = ("date and time", "years and months duration", "days and time duration", "get or else")


class Cursor:
    """Reads the tokens of one text from left to right."""

    def __init__(self, text: str, names: Collection[str] = ()) -> None:
        self.text = text
        self.tokens = tokens_of(text)
        self.index = 0
        self.special = [name for name in names if not name.isidentifier() or name in KEYWORDS]
        self.special_pattern = _pattern(self.special)

    def declare(self, name: str) -> None:
        """From here on, a name with operators or keywords in it is read as one name."""
        if not name.isidentifier() or name in KEYWORDS:
            self.special.append(name)
            self.special_pattern = _pattern(self.special)

    @property
    def token(self) -> Token:
        """The next token."""
        return self.tokens[self.index]

    @property
    def last_end(self) -> int:
        """Where the token taken last ends."""
        return self.tokens[self.index - 1].end if self.index else 0

    def following(self) -> Token:
        """The token after the next."""
        return self.tokens[min(self.index + 1, len(self.tokens) - 1)]

    def sees(self, *texts: str) -> bool:
        """Whether the next token is one of these symbols or words."""
        kind, text, _, _ = self.tokens[self.index]
        return text in texts and kind in ("symbol", "name")

    def take(self, *texts: str) -> str:
        """Take the next token when it is one of `texts`; empty text otherwise."""
        if not self.sees(*texts):
            return ""
        self.index += 1
        return self.tokens[self.index - 1].text

    def need(self, text: str) -> None:
        """Take exactly this token; raises FeelSyntaxError for another."""
        if not self.take(text):
            self.fail(f"'{text}'")

    def separate(self, closing: str) -> None:
        """Take the comma between two entries, unless the list ends here; raises FeelSyntaxError for anything else."""
        if not self.sees(closing) and not self.take(","):
            self.fail(f"',' or '{closing}'")

    def need_end(self) -> None:
        """Nothing may follow; raises FeelSyntaxError otherwise."""
        if self.token.kind != "end":
            self.fail("an operator or the end")

    def fail(self, expected: str) -> NoReturn:
        """Raise FeelSyntaxError at the next token."""
        doubled = self.sees("=") and self.index and self.tokens[self.index - 1].text == "="
        hint = "; a single = compares" if doubled else ""
        self.fail_at(self.token.start, f"expected {expected}, found {self.token.described}{hint}")

    def fail_at(self, position: int, message: str) -> NoReturn:
        """Raise FeelSyntaxError at a place of the text."""
        raise FeelSyntaxError(message, text=self.text, position=position)

    def sees_special_name(self) -> bool:
        """Whether a declared name begins here."""
        return self.token.kind != "end" and self.special_pattern.match(self.text, self.token.start) is not None

    def name(self) -> str:
        """Take a name. Two words side by side are never anything else in FEEL, so they are joined by one space."""
        match = self.special_pattern.match(self.text, self.token.start)
        if match and self.token.kind != "end":
            while self.token.start < match.end() and self.token.kind != "end":
                self.index += 1
            return " ".join(match[0].split())
        words: list[str] = []
        while self.token.kind == "name" and self.token.text not in KEYWORDS:
            words.append(self.token.text)
            self.index += 1
        if not words:
            self.fail("a name")
        return " ".join(words)

    def argument_name(self) -> str:
        """Take `name :` where that is what follows; empty text otherwise."""
        end = self.index
        while self.tokens[end].kind == "name":
            end += 1
        if end == self.index or self.tokens[end].text != ":" or self.tokens[end].kind != "symbol":
            return ""
        words = [token.text for token in self.tokens[self.index : end]]
        self.index = end + 1
        return " ".join(words)

    def key(self) -> str:
        """Take the key of a context entry: a string, or a name, which may hold operators here."""
        first = self.token
        if first.kind == "string":
            self.index += 1
            return first.text
        while self.token.kind in ("name", "number") or self.sees("+", "-", "*", "/", "."):
            self.index += 1
        if self.token is first or first.kind == "number":
            self.fail_at(first.start, f"expected the name of an entry, found {first.described}")
        return " ".join(self.text[first.start : self.last_end].split())


def _pattern(names: Collection[str]) -> re.Pattern[str]:
    return _pattern_of(tuple(names))


@lru_cache(maxsize=512)
def _pattern_of(names: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted((*names, *_STANDARD_NAMES), key=len, reverse=True)
    spaced = (r"\s+".join(map(re.escape, name.split())) for name in longest_first if name.strip())
    return re.compile(rf"(?:{'|'.join(spaced)})(?!\w)")
