"""How a process is begun, really or to try it: its start form, a field for each variable that its start declares, or all of it as JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from engine.forms import validate
from engine.lexical import read_decimal
from engine.models.bundle import FileKind
from engine.models.check import CheckedBundle
from engine.problems import Invalid, Problem
from engine.runtime.dry_run.scenario import read_scenario
from engine.spiff.elements import Element
from engine.spiff.process import CompiledProcess
from ui.dry_run_acts import Given, named_values, value_of
from ui.formats import json_pretty

_FIELD: Final = "in."
_KIND: Final = "kind."
#: Fields shown at most; a process that takes more is begun with JSON.
_MOST: Final = 60


@dataclass(frozen=True, slots=True)
class StartField:
    """A variable to begin with. `kind` is text, number, flag or json; `value` is as it is typed."""

    name: str
    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class StartForm:
    """What the form shows. `form` names the form of the start event, empty where it has none; `data` is what that one shows."""

    process: str
    now: str
    business_key: str
    given: str
    fields: list[StartField]
    form: str
    data: Mapping[str, Any]


def beginnings(stage: CheckedBundle) -> Iterator[tuple[str, str]]:
    """Each process, and each start event of one that has several, by what the form gives for it."""
    for process in stage.processes:
        yield process.key, process.name
        if len(process.start_events) > 1:
            yield from ((f"{process.key}#{start.id}", f"{process.name}, from {start.name or start.id}") for start in process.start_events)


def example(stage: CheckedBundle | None, process: str) -> Mapping[str, Any]:
    """What the first scenario of a process (and start event) begins with: an example is easier changed than thought of."""
    key, _, begins_at = process.partition("#")
    for content in (stage.bundle.of_kind(FileKind.SCENARIO) if stage else {}).values():
        try:
            scenario = read_scenario(content)
        except Problem:
            continue
        if scenario.process == key and (scenario.begins_at or "") == begins_at:
            return scenario.given
    return {}


def start_form(stage: CheckedBundle | None, shown: Mapping[str, str], given: Mapping[str, Any]) -> StartForm:
    """The form for the process that `shown` names; `given` are the values to begin with, and what was typed goes before."""
    process = shown["process"]
    start = _start_of(stage, process)
    declared = _declared(stage, process, start)
    typed = [name.removeprefix(_KIND) for name in shown if name.startswith(_KIND)]
    names = list(dict.fromkeys([*declared, *typed, *given]))[:_MOST]
    fields = [StartField(name, *_typed(name, shown, given)) for name in names]
    form = start.properties.get("formKey", "") if start is not None and stage is not None else ""
    return StartForm(
        process=process,
        now=shown["now"],
        business_key=shown["business_key"],
        given=shown["given"] or json_pretty(given),
        fields=fields,
        form=form if stage is not None and form in stage.forms else "",
        data=_data(shown.get("form_data", "")) or given,
    )


def empty_form(stage: CheckedBundle, process: str) -> StartForm:
    """The form of a real start: what scenarios begin with says only of which kind each variable is."""
    shown = start_form(stage, {"process": process, "now": "", "business_key": "", "given": "{}"}, example(stage, process))
    return replace(shown, fields=[replace(each, value="") for each in shown.fields], data={})


def given_of(stage: CheckedBundle, typed: Given) -> dict[str, Any]:
    """The variables to begin with, from the start form, the fields or the JSON, as the page was sent. Raises Invalid beside the field."""
    if typed.get("act") != "begin-json":
        start = _start_of(stage, typed.get("process", ""))
        form = stage.forms.get(start.properties.get("formKey", "")) if start is not None else None
        if form is not None and typed.get("form_data"):
            submission = validate(form, named_values(typed["form_data"], "form_data"), {})
            if submission.errors:
                next_step = "Correct the fields named and begin again."
                raise Invalid("The form refuses this.", code="form_invalid", next_step=next_step, errors=submission.errors)
            return submission.data
        kinds = {name.removeprefix(_KIND): kind for name, kind in typed.items() if name.startswith(_KIND)}
        if kinds:
            return dict(_values(kinds, typed))
    return named_values(typed.get("given", "") or "{}", "given")


def typed_fields(typed: Given) -> dict[str, str]:
    """What was typed into the fields of the variables, to be shown again."""
    return {name: value for name, value in typed.items() if name.startswith((_FIELD, _KIND)) or name == "form_data"}


def _start_of(stage: CheckedBundle | None, process: str) -> Element | None:
    key, _, begins_at = process.partition("#")
    found = _process(stage, key)
    starts = found.start_events if found is not None else ()
    if begins_at:
        return next((each for each in starts if each.id == begins_at), None)
    return next((each for each in starts if each.event is None), starts[0] if starts else None)


def _process(stage: CheckedBundle | None, key: str) -> CompiledProcess | None:
    return next((each for each in stage.processes if each.key == key), None) if stage is not None else None


def _declared(stage: CheckedBundle | None, process: str, start: Element | None) -> list[str]:
    """The variables that the start event and the process say they are begun with."""
    found = _process(stage, process.partition("#")[0])
    told = [start.properties.get("inputs", "") if start else "", found.properties.get("inputs", "") if found else ""]
    return [name.strip() for text in told if not text.strip().startswith("=") for name in text.split(",") if name.strip()]


def _typed(name: str, shown: Mapping[str, str], given: Mapping[str, Any]) -> tuple[str, str]:
    if _KIND + name in shown:
        return shown[_KIND + name], shown.get(_FIELD + name, "")
    value = given.get(name)
    if isinstance(value, bool):
        return "flag", "on" if value else ""
    if isinstance(value, int | Decimal):
        return "number", str(value)
    if value is None or isinstance(value, str):
        return "text", value or ""
    return "json", json_pretty(value)


def _values(kinds: Mapping[str, str], typed: Given) -> Iterator[tuple[str, Any]]:
    for name, kind in kinds.items():
        text = typed.get(_FIELD + name, "").strip()
        if kind == "flag":
            yield name, text == "on"
        elif text:
            yield name, text if kind == "text" else _number(name, text) if kind == "number" else value_of(text, _FIELD + name)


def _number(name: str, text: str) -> Decimal:
    found = read_decimal(text)
    if found is None:
        errors = {_FIELD + name: ["must be a number, such as 12.50"]}
        raise Invalid(f"{name} is no number.", code="form_invalid", next_step="Correct it and begin again.", errors=errors)
    return found


def _data(text: str) -> dict[str, Any]:
    try:
        return named_values(text or "{}", "form_data")
    except Problem:
        return {}
