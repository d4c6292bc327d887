"""A scenario as sentences: what is given, what happens, and what is expected."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

_DURATION: Final = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.ASCII)
_UNITS: Final = ("year", "month", "week", "day", "hour", "minute", "second")
_LONGEST: Final = 120


@dataclass(frozen=True, slots=True)
class ScenarioText:
    """A scenario. `given`, `answers` and `variables` are names with values in words; `path` are the names of the steps it passes."""

    path: str
    name: str
    process_key: str
    begins_at: str
    now: str
    given: tuple[tuple[str, str], ...]
    answers: tuple[tuple[str, str], ...]
    happens: tuple[str, ...]
    passes: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]
    sent: tuple[str, ...]
    fault: str = ""


def read_scenario(path: str, content: bytes, names: Mapping[str, str]) -> ScenarioText:
    """A scenario in words; `names` are those of the steps of its bundle, by id. What cannot be read says so in `fault`."""
    try:
        told = json.loads(content, parse_float=Decimal)
        return _scenario(path, told, names)
    except (ValueError, RecursionError, AttributeError, TypeError):
        return ScenarioText(path, path, "", "", "", (), (), (), (), (), (), fault="This is no scenario that can be read.")


def _scenario(path: str, told: Mapping[str, Any], names: Mapping[str, str]) -> ScenarioText:
    expect = told.get("expect") or {}
    return ScenarioText(
        path=path,
        name=str(told.get("name") or path),
        process_key=str(told.get("process", "")),
        begins_at=names.get(str(told.get("begins_at", "")), str(told.get("begins_at", ""))),
        now=str(told.get("now", "")),
        given=tuple((name, words_of(value)) for name, value in (told.get("given") or {}).items()),
        answers=tuple((task, _answers(given)) for task, given in (told.get("answers") or {}).items()),
        happens=tuple(_happens(step, names) for step in told.get("steps") or ()),
        passes=tuple(names.get(str(step), str(step)) for step in expect.get("path") or ()),
        variables=tuple((name, words_of(value)) for name, value in (expect.get("variables") or {}).items()),
        sent=tuple(_sent(message) for message in expect.get("sent") or ()),
    )


def _answers(given: Any) -> str:
    every = given if isinstance(given, list) else [given]
    return "; then ".join(_answer(each) for each in every)


def _answer(given: Any) -> str:
    if isinstance(given, dict) and "refused" in given:
        reason = given.get("reason")
        return f"refuses with {given['refused']}{f' ({reason})' if reason else ''}"
    return f"answers {words_of(given)}"


def _happens(step: Mapping[str, Any], names: Mapping[str, str]) -> str:
    if "person" in step:
        return _does(step, names)
    if "message" in step:
        keys, payload = step.get("correlation") or {}, step.get("payload") or {}
        rest = {name: value for name, value in payload.items() if name not in keys}
        said = f"The message {step['message']} comes in for {_listed(keys)}" if keys else f"The message {step['message']} comes in"
        return f"{said}{f', with {_listed(rest)}' if rest else ''}."
    if "call" in step:
        return f"“{names.get(str(step['call']), str(step['call']))}” {_answer(step if 'refused' in step else step.get('answers'))}."
    passed = _passed(str(step.get("clock", "")))
    return f"{passed} {'passes' if passed.startswith('1 ') and ',' not in passed else 'pass'}."


def _does(step: Mapping[str, Any], names: Mapping[str, str]) -> str:
    task = names.get(str(step["person"]), str(step["person"]))
    who = str(step.get("as") or "Somebody")
    group = f" of {step['group']}" if step.get("group") else ""
    sees = f" sees {_listed(step['sees'])} and" if step.get("sees") else ""
    does = f": {_listed(step['does'])}" if step.get("does") else ""
    return f"{who}{group}{sees} does “{task}”{does}."


def _passed(text: str) -> str:
    found = _DURATION.fullmatch(text)
    parts = [(int(number), unit) for number, unit in zip(found.groups(), _UNITS, strict=True) if number] if found else []
    return ", ".join(f"{number} {unit}{'' if number == 1 else 's'}" for number, unit in parts) or text


def _sent(message: Mapping[str, Any]) -> str:
    payload, key = message.get("payload"), message.get("business_key")
    with_what = f" with {_listed(payload)}" if payload else ""
    return f"{message.get('message', 'A message')}{f' for {key}' if key else ''}{with_what}"


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {words_of(value)}" for name, value in values.items())


def words_of(value: Any) -> str:
    """A value of JSON in words: yes and no, nothing, and the rest as it is written, cut where it is long."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        text = f"“{value}”"
    elif isinstance(value, int | Decimal):
        text = str(value)
    elif isinstance(value, dict):
        text = f"{{{_listed(value)}}}"
    else:
        text = f"[{', '.join(_items(value))}]"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _items(values: list[Any]) -> Iterator[str]:
    for value in values:
        yield words_of(value)
