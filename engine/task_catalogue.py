"""Service tasks as a person reads them: what they are for, what they take and give, and what they refuse.

All of it stands in the code of the task, in one way each. What is not said there is not said here either.

- What it is for: the docstring of the function, without its sentences `Refused CODE when …`, which say what that refusal means.
- What a field means: the `#:` comment above it; else what the docstring of its dataclass says of it, which is the clause that begins with
  the name in backticks; else, where it is the only field, that docstring.
"""

import inspect
import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from engine.service_tasks import ServiceTask

#: The type in FEEL, and how a person says one of it and several.
_PLAIN: Final[Mapping[Any, tuple[str, str, str]]] = {
    bool: ("boolean", "yes or no", "yes or no"),
    int: ("number", "whole number", "whole numbers"),
    Decimal: ("number", "number", "numbers"),
    float: ("number", "number", "numbers"),
    str: ("string", "text", "texts"),
    UUID: ("string", "identifier", "identifiers"),
    datetime: ("date and time", "point in time", "points in time"),
    date: ("date", "day", "days"),
    time: ("time", "time of day", "times of day"),
    timedelta: ("days and time duration", "duration", "durations"),
}
_CONTEXT: Final = ("context", "context", "contexts")
_ANYTHING: Final = ("Any", "anything", "anything")
_REFUSED: Final = re.compile(r"(?:Raises )?Refused ([A-Z][A-Z0-9_]*)\s+((?:when|while|where|with|if|unless|until)\b[^.]*)\.\s*")
_COMMENT: Final = re.compile(r"#:\s?(.*)")
_DECLARED: Final = re.compile(r"(\w+)\s*:")
_SENTENCE_END: Final = re.compile(r"\.(?:\s|$)")


@dataclass(frozen=True, slots=True)
class FieldOfTask:
    """A parameter or a part of a result. `type` is the FEEL type, `said` how a person says it; `fields` are those of a context.

    `default` is what is taken where it is not given; it counts only where `required` is false. `meaning` is empty where the code has none.
    """

    name: str
    type: str
    said: str
    required: bool
    default: Any
    meaning: str
    choices: tuple[str, ...]
    fields: tuple["FieldOfTask", ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error that a boundary event may catch: its code, and when it is raised (empty where the code does not say)."""

    code: str
    meaning: str


@dataclass(frozen=True, slots=True)
class TaskDescription:
    """A service task in the catalogue.

    `kind` is transactional (only our database, exactly once) or external (talks to the outside, at least once); `undo` names the task that
    takes it back; `at_most_once` says that a repeat becomes an incident, `moves_money` that a second person confirms a deployment with it.
    `takes` and `gives` say what input and result are as a whole.
    """

    name: str
    summary: str
    purpose: str
    kind: str
    undo: str | None
    at_most_once: bool
    moves_money: bool
    takes: str
    parameters: tuple[FieldOfTask, ...]
    gives: str
    result: tuple[FieldOfTask, ...]
    errors: tuple[Refusal, ...]


def describe(task: ServiceTask) -> TaskDescription:
    """What the catalogue says of a task."""
    refusals = {code: _sentence(told) for code, told in _REFUSED.findall(task.purpose)}
    purpose = _plain(_REFUSED.sub("", task.purpose))
    return TaskDescription(
        name=task.name,
        summary=purpose.split("\n")[0],
        purpose=purpose,
        kind=task.kind.value,
        undo=task.undo,
        at_most_once=task.at_most_once,
        moves_money=task.moves_money,
        takes=_whole(task.input_type),
        parameters=fields_of(task.input_type),
        gives=_whole(task.output_type),
        result=fields_of(task.output_type),
        errors=tuple(Refusal(code, refusals.get(code, "")) for code in task.errors),
    )


@lru_cache(maxsize=1024)
def fields_of(kind: Any) -> tuple[FieldOfTask, ...]:
    """The fields of a dataclass, in their order; none for anything else."""
    if not is_dataclass(kind):
        return ()
    hints, meanings = get_type_hints(kind), _meanings(kind)
    return tuple(_field(each, hints[each.name], meanings.get(each.name, "")) for each in fields(kind))


def _field(each: "Field[Any]", hint: Any, meaning: str) -> FieldOfTask:
    required = each.default is MISSING and each.default_factory is MISSING
    default = None if required else each.default if each.default is not MISSING else _made(each)
    kind, said, choices, inner = _told(hint)
    return FieldOfTask(each.name, kind, said, required, default, meaning, choices, inner)


def _made(each: "Field[Any]") -> Any:
    return each.default_factory() if callable(each.default_factory) else None


def _told(hint: Any, *, several: bool = False) -> tuple[str, str, tuple[str, ...], tuple[FieldOfTask, ...]]:
    """FEEL type, what a person says, choices and inner fields of a type."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        kinds = [part for part in parts if part is not type(None)]
        kind, said, choices, inner = _told(kinds[0], several=several) if len(kinds) == 1 else (*_ANYTHING[:2], (), ())
        return kind, f"{said}, or nothing" if len(kinds) < len(parts) else said, choices, inner
    if origin in {list, tuple}:
        kind, said, choices, inner = _told(parts[0], several=True) if parts else (*_ANYTHING[:2], (), ())
        return f"list<{kind}>", f"list of {said}", choices, inner
    choices = _choices(hint)
    if choices:
        return "string", f"one of {', '.join(choices)}", choices, ()
    words = _CONTEXT if origin is dict or hint is dict or is_dataclass(hint) else _PLAIN.get(hint, _ANYTHING)
    return words[0], words[2 if several else 1], (), fields_of(hint)


def _choices(hint: Any) -> tuple[str, ...]:
    if get_origin(hint) is Literal:
        return tuple(str(choice) for choice in get_args(hint))
    return tuple(str(choice.value) for choice in hint) if isinstance(hint, type) and issubclass(hint, Enum) else ()


def _whole(kind: Any) -> str:
    """What a dataclass is as a whole: its docstring, without the clauses that are of single fields."""
    told = _docstring(kind)
    names = [each.name for each in fields(kind)] if is_dataclass(kind) else []
    if len(names) == 1:
        return ""
    first = min((start for start, _, _ in _clauses(told, names)), default=len(told))
    return _plain(told[:first].rstrip(" ,;:(\n"))


def _meanings(kind: Any) -> dict[str, str]:
    names, told = [each.name for each in fields(kind)], _docstring(kind)
    if len(names) == 1 and told:
        return {names[0]: _plain(told), **_comments(kind)}
    return {**{name: _clause(name, text) for _, name, text in _clauses(told, names)}, **_comments(kind)}


def _clauses(told: str, names: list[str]) -> list[tuple[int, str, str]]:
    """Where a docstring begins to speak of a field, which one, and what it says of it."""
    marks = [mark for mark in re.finditer(r"(?:^|(?<=[.;,:(]\s))`(\w+)`\s+", told, re.MULTILINE) if mark[1] in names]
    found = []
    for number, mark in enumerate(marks):
        end = _SENTENCE_END.search(told, mark.end())
        stop = min(end.start() if end else len(told), marks[number + 1].start() if number + 1 < len(marks) else len(told))
        found.append((mark.start(), mark[1], told[mark.end() : stop].rstrip(" ,;:\n")))
    return found


def _clause(name: str, text: str) -> str:
    plain = _plain(text)
    verb, _, rest = plain.partition(" ")
    return _sentence(rest if verb in {"is", "are"} else f"{name} {plain}", keep=verb not in {"is", "are"})


def _comments(kind: Any) -> dict[str, str]:
    """The `#:` comments above the fields, from the source."""
    try:
        lines = inspect.getsource(kind).splitlines()
    except (OSError, TypeError):
        return {}
    found: dict[str, str] = {}
    told: list[str] = []
    for line in map(str.strip, lines):
        comment, declared = _COMMENT.match(line), _DECLARED.match(line)
        if comment:
            told.append(comment[1].strip())
            continue
        if declared and told:
            found[declared[1]] = _plain(" ".join(told))
        told = []
    return found


def _docstring(kind: Any) -> str:
    """The docstring somebody wrote; not the signature that a dataclass without one is given."""
    told = inspect.getdoc(kind) or "" if is_dataclass(kind) else ""
    return "" if told.startswith(f"{getattr(kind, '__name__', '')}(") else told


def _plain(told: str) -> str:
    """Paragraphs, each on one line, without backticks."""
    return "\n\n".join(" ".join(part.split()) for part in told.replace("`", "").strip().split("\n\n") if part.strip())


def _sentence(told: str, *, keep: bool = False) -> str:
    plain = " ".join(told.replace("`", "").split())
    return f"{plain if keep else plain[:1].upper() + plain[1:]}." if plain else ""
