"""What an SQL statement is without one of its conditions: each that is joined by AND, or that a WHERE, ON or HAVING asks alone, made TRUE.

The statement is cut by the tokens of sqlglot, so that everything around the condition stays as it is written.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlglot.dialects.postgres import Postgres
from sqlglot.tokens import Token, TokenType

#: What begins a condition that may stand alone.
_ASKS = {"WHERE", "ON", "HAVING"}
#: What a condition cannot go beyond, at its own depth.
_ENDS = _ASKS | {
    "WHEN", "SELECT", "FROM", "JOIN", "LEFT", "RIGHT", "INNER", "CROSS", "FULL", "NATURAL", "LATERAL", "GROUP", "ORDER", "LIMIT", "OFFSET",
    "GROUP BY", "ORDER BY", "RETURNING", "UNION", "UNION ALL", "EXCEPT", "INTERSECT", "THEN", "ELSE", "SET", "FOR", "AS", ",", ";", "WITH",
    "WINDOW", "FETCH", "VALUES", "DO", "USING",
}  # fmt: skip
_OPEN, _CLOSE = {"(", "CASE", "["}, {")", "END", "]"}


@dataclass(frozen=True, slots=True)
class SqlMutant:
    """A statement without one condition."""

    condition: str
    sql: str
    line: int


@dataclass(slots=True)
class _Run:
    """Conditions side by side: each from token to token, and the words between them."""

    asked: bool
    parts: list[list[Token]] = field(default_factory=lambda: [[]])
    words: list[str] = field(default_factory=list)


def of(sql: str) -> Iterator[SqlMutant]:
    """The statement without each of its conditions."""
    for start, end in _conditions(Postgres().tokenize(sql)):
        condition = sql[start:end]
        if condition.strip().lower() not in {"true", "(true)"}:
            yield SqlMutant(" ".join(condition.split()), f"{sql[:start]}TRUE{sql[end:]}", sql.count("\n", 0, start))


def _conditions(tokens: list[Token]) -> Iterator[tuple[int, int]]:
    place = 0
    while place < len(tokens):
        place = yield from _level(tokens, place)


def _level(tokens: list[Token], place: int) -> Iterator[tuple[int, int]]:
    """The conditions from here to the end of this depth; answers the place behind it."""
    run, between = _Run(asked=False), False
    while place < len(tokens):
        token = tokens[place]
        word = _word(token)
        if word in _CLOSE:
            yield from _wanted(run)
            return place + 1
        place += 1
        if word in _OPEN:
            begun = place - 1
            place = yield from _level(tokens, place)
            run.parts[-1] += tokens[begun:place]
        elif word in _ENDS and not _is_distinct_from(tokens, place - 1):
            yield from _wanted(run)
            run, between = _Run(asked=_asks(tokens, place - 1)), False
        elif word == "AND" and between:
            between = False
            run.parts[-1].append(token)
        elif word in {"AND", "OR"}:
            run.words.append(word)
            run.parts.append([])
        else:
            between = between or word == "BETWEEN"
            run.parts[-1].append(token)
    yield from _wanted(run)
    return place


def _asks(tokens: list[Token], place: int) -> bool:
    behind = _word(tokens[place + 1]) if place + 1 < len(tokens) else ""
    before = _word(tokens[place - 1]) if place else ""
    return _word(tokens[place]) in _ASKS and behind != "CONFLICT" and before != "DISTINCT"


def _is_distinct_from(tokens: list[Token], place: int) -> bool:
    """The FROM of `IS DISTINCT FROM` is none of a query."""
    return _word(tokens[place]) == "FROM" and place > 0 and _word(tokens[place - 1]) == "DISTINCT"


def _word(token: Token) -> str:
    """A word of the language; a text that reads like one is none."""
    return "" if token.token_type in {TokenType.STRING, TokenType.IDENTIFIER} else token.text.upper()


def _wanted(run: _Run) -> Iterator[tuple[int, int]]:
    if run.asked and "AND" not in run.words and run.parts[0]:
        yield run.parts[0][0].start, run.parts[-1][-1].end + 1
    for number, part in enumerate(run.parts):
        joined = run.words[max(0, number - 1) : number + 1]
        if part and "AND" in joined:
            yield part[0].start, part[-1].end + 1
