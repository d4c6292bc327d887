"""Java's unified expression language (`${order.total > 1000}`) as FEEL, where it means the same; None where it calls Java or coerces types.

Grammar: JSR-341, section 1.15, without lambdas, assignments and method calls. Of methods only those are read whose meaning is plain
whatever they are called on: `size()`, `isEmpty()`, `equals(…)`, and `execution.getVariable("x")`.
"""

import re
from typing import Final

from engine.feel import FeelSyntaxError, compile_expression
from engine.lexical import read_count

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]]))"
)
_WORDS: Final = {
    "and": "&&", "or": "||", "not": "!", "eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">=", "div": "/", "mod": "%",
}  # fmt: skip
_BINARY: Final = (("||",), ("&&",), ("==", "!="), ("<", ">", "<=", ">="), ("+", "-"), ("*", "/", "%"))
_FEEL: Final = {"||": "or", "&&": "and", "==": "="}
_PART: Final = re.compile(r"[$#]\{([^{}]*)\}")
_LONGEST: Final = 2_000


class _NotFeel(Exception):
    """It has no plain meaning in FEEL."""


def feel_of(text: str) -> str | None:
    """The FEEL of a whole value: FEEL behind `=`, one `${…}`, text with `${…}` in it, or plain text; None where it has none."""
    stripped = text.strip()
    if stripped.startswith("="):
        return _checked(stripped[1:].strip())
    whole = _PART.fullmatch(stripped)
    if whole:
        return expression(whole[1])
    pieces: list[str] = []
    place = 0
    for part in _PART.finditer(text):
        inner = expression(part[1])
        if inner is None:
            return None
        pieces += [quoted(text[place : part.start()])] if part.start() > place else []
        pieces.append(f"string({inner})")
        place = part.end()
    if "${" in text[place:] or "#{" in text[place:]:
        return None
    pieces += [quoted(text[place:])] if place < len(text) or not pieces else []
    return _checked(" + ".join(pieces))


def expression(text: str) -> str | None:
    """The FEEL of what stands inside `${…}`; None where it has none."""
    try:
        parser = _Parser(_tokens(text))
        found = parser.choice()
        return _checked(found) if parser.at_end else None
    except _NotFeel:
        return None


def quoted(text: str) -> str:
    """A text as FEEL writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return f'"{escaped}"'


def _checked(text: str) -> str | None:
    """The text, if FEEL can read it: a name of theirs may be a word of FEEL."""
    try:
        compile_expression(text)
    except FeelSyntaxError:
        return None
    return text


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    place = 0
    if len(text) > _LONGEST:
        raise _NotFeel
    while text[place:].strip():
        token = _TOKEN.match(text, place)
        if token is None:
            raise _NotFeel
        given = token[0].strip()
        found.append(_WORDS.get(given, given) if token["name"] else given)
        place = token.end()
    return found


class _Parser:
    """Reads one expression and writes it as FEEL on the way."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._place = 0

    @property
    def at_end(self) -> bool:
        """Whether all of it was read."""
        return self._place == len(self._tokens)

    def choice(self) -> str:
        """`a ? b : c`."""
        condition = self._binary(0)
        if not self._took("?"):
            return condition
        yes = self.choice()
        self._need(":")
        return f"if {condition} then {yes} else {self.choice()}"

    def _binary(self, level: int) -> str:
        if level == len(_BINARY):
            return self._unary()
        left = self._binary(level + 1)
        while (sign := self._next) in _BINARY[level]:
            self._place += 1
            right = self._binary(level + 1)
            left = f"modulo({left}, {right})" if sign == "%" else f"{left} {_FEEL.get(sign, sign)} {right}"
        return left

    def _unary(self) -> str:
        if self._took("!"):
            return f"not({self._unary()})"
        if self._took("-"):
            return f"-{self._unary()}"
        if self._took("empty"):
            inner = self._unary()
            return f'list contains([null, "", []], {inner})'
        return self._value()

    def _value(self) -> str:
        found = self._primary()
        while True:
            if self._took("."):
                found = self._member(found, self._name())
            elif self._took("["):
                found = self._item(found)
            elif self._next == "(":
                raise _NotFeel
            else:
                return found

    def _primary(self) -> str:
        part = self._take()
        if part == "(":
            inner = self.choice()
            self._need(")")
            return f"({inner})"
        if part[0] in "'\"":
            return quoted(re.sub(r"\\(.)", r"\1", part[1:-1]))
        if part[0].isdigit() or part in {"true", "false", "null"}:
            return part
        if not part[0].isalpha() and part[0] != "_":
            raise _NotFeel
        return part

    def _member(self, base: str, name: str) -> str:
        if not self._took("("):
            return f"{base}.{name}"
        arguments = [] if self._next == ")" else [self.choice()]
        self._need(")")
        if base == "execution" and name == "getVariable" and arguments and re.fullmatch(r'"[A-Za-z_]\w*"', arguments[0]):
            return arguments[0][1:-1]
        if name == "size" and not arguments:
            return f"count({base})"
        if name == "isEmpty" and not arguments:
            return f'list contains(["", []], {base})'
        if name == "equals" and arguments:
            return f"({base} = {arguments[0]})"
        raise _NotFeel

    def _item(self, base: str) -> str:
        index = self.choice()
        self._need("]")
        if (place := read_count(index)) is not None:
            return f"{base}[{place + 1}]"  # FEEL counts from one
        if re.fullmatch(r'"[A-Za-z_]\w*"', index):
            return f"{base}.{index[1:-1]}"
        raise _NotFeel

    @property
    def _next(self) -> str:
        return "" if self.at_end else self._tokens[self._place]

    def _took(self, token: str) -> bool:
        if self._next != token or self.at_end:
            return False
        self._place += 1
        return True

    def _take(self) -> str:
        if self.at_end:
            raise _NotFeel
        self._place += 1
        return self._tokens[self._place - 1]

    def _name(self) -> str:
        name = self._take()
        if not (name[0].isalpha() or name[0] == "_"):
            raise _NotFeel
        return name

    def _need(self, token: str) -> None:
        if not self._took(token):
            raise _NotFeel
