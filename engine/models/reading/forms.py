"""A form as a table of its fields: what each asks for, by which rules, and when it is shown."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.models.bundle import stem_of

KINDS: Final[Mapping[str, str]] = {
    "textfield": "text", "textarea": "long text", "number": "number", "datetime": "date", "checkbox": "yes or no",
    "checklist": "some of a list", "taglist": "some of a list", "radio": "one of a list", "select": "one of a list",
    "expression": "computed", "group": "group",
    "dynamiclist": "list of rows", "text": "words", "image": "picture", "table": "table", "button": "button", "separator": "line",
    "spacer": "space",
}  # fmt: skip
#: Components that say or hold something and are no field of a table.
_SILENT: Final = frozenset({"button", "separator", "spacer"})
_LIMITS: Final[Mapping[str, str]] = {
    "min": "at least {}", "max": "at most {}", "minLength": "at least {} characters", "maxLength": "at most {} characters",
    "pattern": "matches {}",
}  # fmt: skip
_CONTENTS: Final[Mapping[str, str]] = {"email": "an e-mail address", "phone": "a telephone number"}
_DATES: Final[Mapping[str, str]] = {"date": "date", "time": "time of day", "datetime": "date and time"}


@dataclass(frozen=True, slots=True)
class FieldText:
    """A component of a form. `key` is the variable it writes or shows; `inside` the group or list around it; `rules` in words.

    `hidden_when` is the FEEL condition under which it is not shown.
    """

    id: str
    key: str
    label: str
    kind: str
    inside: str
    required: bool
    readonly: str
    rules: tuple[str, ...]
    options: tuple[str, ...]
    hidden_when: str
    description: str


@dataclass(frozen=True, slots=True)
class FormText:
    """A form by the key under which diagrams name it; `schema` is the JSON as it is, None where the file is none."""

    path: str
    key: str
    fields: tuple[FieldText, ...]
    schema: Mapping[str, Any] | None


def read_form_text(path: str, content: bytes) -> FormText:
    """Every field of a form, in its order."""
    schema = schema_of(content)
    return FormText(path, stem_of(path), tuple(_fields(schema.get("components"), "", 0)) if schema else (), schema)


def schema_of(content: bytes) -> dict[str, Any] | None:
    """The JSON object of a form; None where the bytes are none."""
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _fields(components: Any, inside: str, depth: int) -> Iterator[FieldText]:
    for item in components if isinstance(components, list) and depth < 10 else ():  # noqa: PLR2004  # as deep as a form may be
        if not isinstance(item, dict):
            continue
        kind, label = str(item.get("type", "")), text_in(item.get("label")) or text_in(item.get("text"))
        if kind not in _SILENT and kind != "group":
            yield _field(item, kind, label, inside)
        yield from _fields(item.get("components"), label or inside, depth + 1)


def _field(item: Mapping[str, Any], kind: str, label: str, inside: str) -> FieldText:
    rules, conditional = _object(item.get("validate")), _object(item.get("conditional"))
    readonly = True if item.get("disabled") is True else item.get("readonly", False)
    said = _DATES.get(text_in(item.get("subtype")) or "date", "date") if kind == "datetime" else KINDS.get(kind, kind)
    return FieldText(
        id=text_in(item.get("id")),
        key=text_in(item.get("key")) or text_in(item.get("path")),
        label=label,
        kind=said,
        inside=inside,
        required=bool(rules.get("required")),
        readonly="yes" if readonly is True else "" if readonly is False else text_in(readonly),
        rules=tuple(_rules(rules, item)),
        options=tuple(_options(item)),
        hidden_when=text_in(conditional.get("hide")).removeprefix("="),
        description=text_in(item.get("description")),
    )


def _rules(rules: Mapping[str, Any], item: Mapping[str, Any]) -> Iterator[str]:
    for name, words in _LIMITS.items():
        if rules.get(name) not in (None, ""):
            yield words.format(text_in(rules[name]).removeprefix("="))
    if text_in(rules.get("validationType")) in _CONTENTS:
        yield _CONTENTS[rules["validationType"]]
    for custom in rules["custom"] if isinstance(rules.get("custom"), list) else ():
        if isinstance(custom, dict):
            yield f"{text_in(custom.get('condition')).removeprefix('=')}: {text_in(custom.get('message'))}"
    if item.get("decimalDigits") is not None:
        digits = text_in(item["decimalDigits"])
        yield "a whole number" if digits == "0" else f"at most {digits} decimals"
    if item.get("type") == "expression":
        yield text_in(item.get("expression")).removeprefix("=")


def _options(item: Mapping[str, Any]) -> Iterator[str]:
    for option in item["values"] if isinstance(item.get("values"), list) else ():
        yield text_in(option.get("label") or option.get("value")) if isinstance(option, dict) else text_in(option)
    if item.get("valuesKey"):
        yield f"from {text_in(item['valuesKey'])}"
    if item.get("valuesExpression"):
        yield f"from {text_in(item['valuesExpression']).removeprefix('=')}"


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def text_in(value: Any) -> str:
    """A value of a schema as text; nothing is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
