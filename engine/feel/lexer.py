"""Text into tokens, each with its place (DMN 1.5, section 10.3.1.2, grammar rules 27 to 40)."""

import re
from typing import Final, NamedTuple

from engine.feel.errors import FeelSyntaxError

MAX_TEXT: Final = 64_000
#: Words that end a name, because a name may hold spaces.
KEYWORDS: Final = frozenset(
    (
        *("for", "if", "then", "else", "some", "every", "satisfies", "return", "in"),
        *("and", "or", "between", "instance", "true", "false", "null"),
    )
)

_PICTOGRAM: Final = "\U0001f000-\U0001ffff"
_SKIP: Final = re.compile(r"(?:\s++|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)*+")
_TOKEN: Final = re.compile(
    rf"""(?P<number>(?:\d++(?:\.\d++)?+|\.\d++)(?:[eE][+-]?+\d++)?+)
    | (?P<moment>@"(?:\\.|[^"\\])*+")
    | (?P<string>"(?:\\.|[^"\\])*+")
    | (?P<name>(?:[^\W\d]|[?{_PICTOGRAM}])[\w'\u200d{_PICTOGRAM}]*+)
    | (?P<symbol>\*\*|\.\.|<=|>=|!=|->|[-+*/=<>()\[\]{{}},:.])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{6})|(.))", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "'": "'", "\\": "\\"}
#: What people write who think in another language.
_HABITS: Final = {
    "'": "; strings stand in double quotes",
    "&": "; write 'and'",
    "|": "; write 'or'",
    "!": "; write not(…)",
    "$": "; variables stand without ${ }",
    "#": "; variables stand without #{ }",
}


class Token(NamedTuple):
    """A piece of the text: `kind` is number, moment, string, name, symbol or end."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def described(self) -> str:
        """The token in words, for a message."""
        if self.kind == "end":
            return "the end"
        return f"the word {self.text}" if self.text in KEYWORDS else f"{self.kind} {self.text}"


def tokens_of(text: str) -> list[Token]:
    """All tokens of `text` with a last one of kind `end`; raises FeelSyntaxError at a character that begins none."""
    if len(text) > MAX_TEXT:
        raise FeelSyntaxError(f"an expression may have {MAX_TEXT} characters", text=text, position=MAX_TEXT)
    tokens: list[Token] = []
    place = _skip(text, 0)
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise FeelSyntaxError(_complaint(text, place), text=text, position=place)
        tokens.append(Token(match.lastgroup, match[0], place, match.end()))
        place = _skip(text, match.end())
    tokens.append(Token("end", "", len(text), len(text)))
    return tokens


def _skip(text: str, place: int) -> int:
    match = _SKIP.match(text, place)
    return match.end() if match else place


def _complaint(text: str, place: int) -> str:
    if text[place] == '"':
        return "this string is not closed"
    if text.startswith("/*", place):
        return "this comment is not closed"
    hint = _HABITS.get(text[place], "")
    return f"{text[place]!r} has no meaning here{hint}"


def unquoted(literal: str) -> str:
    """The string a literal in quotation marks stands for, escapes resolved."""
    if "\\" not in literal:
        return literal[1:-1]
    text = _ESCAPE.sub(_unescape, literal[1:-1])
    if any("\ud800" <= character <= "\udfff" for character in text):  # two \u escapes may form one character
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _unescape(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    if not code:
        return _ESCAPED.get(match[3], match[0])
    number = int(code, 16)
    return chr(number) if number <= 0x10FFFF else "\ufffd"  # noqa: PLR2004  # the last code point there is
