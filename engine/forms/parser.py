"""From bytes to a form, or to everything that is wrong with it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Final

from engine.feel import Expression, FeelSyntaxError, compile_expression
from engine.forms.patterns import compile_pattern
from engine.forms.schema import (
    CHOICES,
    COMPUTED,
    CONTAINERS,
    FIELDS,
    PROPERTIES,
    REFUSED,
    RULES,
    SHOWN,
    TIME_INTERVALS,
    Component,
    Form,
)
from engine.forms.values import as_number
from engine.patterns import BadPattern
from engine.problems import Invalid

MAX_FORM_BYTES: Final = 500_000
MAX_COMPONENTS: Final = 500
MAX_DEPTH: Final = 10
#: Newer schemas may mean something that this parser does not know.
NEWEST_SCHEMA: Final = 19

_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
_ACTIVE: Final = re.compile(
    r"<\s*/?\s*(?:script|iframe|object|embed|style|link|meta|svg|form|input)\b|javascript\s*:|data\s*:\s*text", re.IGNORECASE
)
_TEMPLATE: Final = re.compile(r"\{\{([^#/{}][^{}]*)\}\}")
#: Texts that may be an expression.
_TEXTS: Final = ("label", "description", "text", "source", "alt", "url", "title", "dataSource", "columnsExpression")
_LIMITS: Final = ("min", "max", "minLength", "maxLength")
_SUBTYPES: Final = frozenset({"date", "time", "datetime"})


@dataclass(frozen=True, slots=True)
class FormProblem:
    """One thing that is wrong with a form; `component` is the key or id of where."""

    component: str | None
    message: str
    next_step: str
    #: A property, and what it was meant to be called.
    renamed: tuple[str, str] | None = None


class FormInvalid(Invalid):
    """The bytes are no form that can be vouched for; `problems` says everything that is wrong."""

    default_code = "form_invalid"

    def __init__(self, problems: list[FormProblem]) -> None:
        first = problems[0]
        errors: dict[str, list[str]] = {}
        for problem in problems:
            errors.setdefault(problem.component or "form", []).append(problem.message)
        super().__init__(first.message, next_step=first.next_step, element_id=first.component, errors=errors)
        self.problems = tuple(problems)


def parse_form(content: bytes) -> Form:
    """Read a form-js schema. Raises FormInvalid."""
    schema = _read_json(content)
    reader = _Reader()
    version = schema.get("schemaVersion", NEWEST_SCHEMA)
    if not isinstance(version, int) or not 1 <= version <= NEWEST_SCHEMA:
        reader.refuse(
            None, f"The form has the schema version {str(version)[:20]!r}.", f"Export it with form-js for version {NEWEST_SCHEMA}."
        )
    components = reader.components(schema.get("components"), "", 0)
    if reader.count > MAX_COMPONENTS:
        reader.refuse(None, f"The form has more than {MAX_COMPONENTS} components.", "Split it over several tasks.")
    if reader.problems:
        raise FormInvalid(reader.problems)
    return Form(str(schema.get("id", "form")), components)


def _read_json(content: bytes) -> Mapping[str, Any]:
    if len(content) > MAX_FORM_BYTES:
        raise FormInvalid([FormProblem(None, f"The form has more than {MAX_FORM_BYTES} bytes.", "Split it over several tasks.")])
    try:
        schema = json.loads(content.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_refuse_constant)
        json.dumps(schema, ensure_ascii=False, default=str).encode()  # half a surrogate pair can neither be kept nor told of
    except (ValueError, RecursionError) as error:
        raise FormInvalid([FormProblem(None, f"The form is no JSON: {error}.", "Export it again from the form editor.")]) from None
    if not isinstance(schema, dict) or schema.get("type", "default") != "default" or not isinstance(schema.get("components"), list):
        raise FormInvalid([FormProblem(None, "The file is no form-js schema.", "It needs type 'default' and a list of components.")])
    return schema


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


@dataclass(slots=True)
class _Reader:
    problems: list[FormProblem] = field(default_factory=list)
    count: int = 0
    _ids: set[str] = field(default_factory=set)
    _paths: set[str] = field(default_factory=set)

    def refuse(self, component: str | None, message: str, next_step: str, renamed: tuple[str, str] | None = None) -> None:
        self.problems.append(FormProblem(component, message, next_step, renamed))

    def components(self, found: Any, prefix: str, depth: int) -> tuple[Component, ...]:
        """Read a list of components; `prefix` is the path of what they lie in."""
        if depth > MAX_DEPTH:
            self.refuse(None, f"Components lie more than {MAX_DEPTH} deep inside one another.", "Flatten the groups.")
            return ()
        read = []
        for item in found if isinstance(found, list) else []:
            self.count += 1
            if not isinstance(item, dict):
                self.refuse(None, "A component is no object.", "Export the form again from the form editor.")
            elif self.count <= MAX_COMPONENTS:
                component = self.component(item, prefix, depth)
                read += [component] if component else []
        return tuple(read)

    def component(self, item: dict[str, Any], prefix: str, depth: int) -> Component | None:
        kind = str(item.get("type"))
        where = str(item.get("key") or item.get("path") or item.get("id") or kind)[:100]
        if kind not in FIELDS | CONTAINERS | SHOWN | {COMPUTED}:
            how = REFUSED.get(kind, f"Use one of {', '.join(sorted(FIELDS | CONTAINERS | SHOWN | {COMPUTED}))}.")
            self.refuse(where, f"The component {where!r} is of the type {kind[:40]!r}, which is not allowed.", how)
            return None
        self.settings(item, where)
        texts = self.texts(item, where)
        path = self.path(item, kind, where, prefix)
        inner = f"{prefix}{'.'.join(path)}." if path else prefix
        hide = _object(item.get("conditional")).get("hide")
        return Component(
            type=kind,
            id=self.identity(item, where),
            path=path,
            label=str(item.get("label", "")),
            hide=self.expression(hide, where, "condition") if hide else None,
            readonly=True if item.get("disabled") is True else self.rule(item.get("readonly", False), where, "readonly"),
            rules=self.rules(_object(item.get("validate")), kind, where),
            options=self.options(item, kind, where),
            options_key=item["valuesKey"] if isinstance(item.get("valuesKey"), str) else None,
            options_expression=self.expression(item["valuesExpression"], where, "values") if item.get("valuesExpression") else None,
            value=self.expression(item.get("expression"), where, "expression") if kind == COMPUTED else None,
            details=self.details(item, kind, where),
            texts=texts,
            children=self.components(item.get("components"), inner, depth + 1) if kind in CONTAINERS else (),
        )

    def identity(self, item: dict[str, Any], where: str) -> str:
        identity = str(item.get("id") or where)
        if item.get("id") and identity in self._ids:
            self.refuse(where, f"The id {identity[:60]!r} is used twice.", "Give each component its own id.")
        self._ids.add(identity)
        return identity

    def path(self, item: dict[str, Any], kind: str, where: str, prefix: str) -> tuple[str, ...]:
        """Where the value lies; each place is written by one field only."""
        key = item.get("path") if kind in CONTAINERS else item.get("key") if kind not in SHOWN else None
        if not key:
            if kind in FIELDS | {COMPUTED, "dynamiclist"}:
                self.refuse(where, f"The {kind} {where!r} has no key.", "Give it the name of the variable it writes.")
            return ()
        if not isinstance(key, str) or not _KEY.fullmatch(key) or len(key) > 200:  # noqa: PLR2004 - as long as an id
            self.refuse(
                where, f"The key {str(key)[:60]!r} is no name of a variable.", "Use letters, digits and '_', with '.' between parts."
            )
            return ()
        full = prefix + key
        self.claim(full, where, container=kind in CONTAINERS)
        return tuple(key.split("."))

    def claim(self, full: str, where: str, *, container: bool) -> None:
        """A field has its place alone; groups may share one, and hold fields."""
        inside = any(full.startswith(f"{other}.") for other in self._paths)
        around = not container and any(other.startswith(f"{full}.") for other in self._paths)
        if full in self._paths or inside or around:
            self.refuse(where, f"The key {full!r} is used by two components.", "Give each field a key of its own.")
        if not container:
            self._paths.add(full)

    def texts(self, item: dict[str, Any], where: str) -> tuple[Expression, ...]:
        """Texts are shown to people, and must not bring anything that runs."""
        for text in _strings(item):
            if _ACTIVE.search(text):
                self.refuse(where, f"The component {where!r} holds active content: {text.strip()[:60]!r}.", "Write plain text or Markdown.")
        found: list[Expression | None] = []
        for name in _TEXTS:
            shown = item.get(name)
            if isinstance(shown, str) and shown.startswith("="):
                found.append(self.expression(shown, where, name))
            elif isinstance(shown, str):
                found.extend(self.expression(template, where, name) for template in _TEMPLATE.findall(shown))
        return tuple(expression for expression in found if expression is not None)

    def settings(self, item: dict[str, Any], where: str) -> None:
        """What would be passed over without a word: misspelt properties, conditions that are none."""
        for name in item:
            if name not in PROPERTIES:
                near = get_close_matches(name, PROPERTIES, 1)
                how = f"Write {near[0]!r}, or take it out." if near else "Take it out; put what is your own into properties."
                renamed = (name, near[0]) if near and near[0] not in item else None
                self.refuse(where, f"The property {name[:40]!r} of {where!r} is not known.", how, renamed)
        condition = item.get("conditional")
        if condition is not None and not (isinstance(condition, dict) and set(condition) <= {"hide"}):
            self.refuse(where, f"The condition of {where!r} has more than hide.", "Write when the component is hidden: hide.")
        for name in ("hide", "valuesExpression", "expression"):
            text = _object(condition).get(name) if name == "hide" else item.get(name)
            if isinstance(text, str) and text.strip() and not text.startswith("="):
                self.refuse(where, f"The {name} of {where!r} is no expression: {text[:40]!r}.", f"Begin it with '=': ={text[:40]}")

    def rules(self, found: dict[str, Any], kind: str, where: str) -> dict[str, Any]:
        rules: dict[str, Any] = {}
        for name, value in found.items():
            if not self.has_meaning(name, value, kind, where):
                continue
            if name in _LIMITS:
                rules[name] = self.limit(value, where, name)
            elif name == "custom":
                rules[name] = tuple(self.custom(value, where))
            elif value is not None:
                rules[name] = value
        if str(rules.get("validationType", "")) not in {"", "custom", "email", "phone"}:
            self.refuse(where, f"{where!r} is validated as {str(rules['validationType'])[:40]!r}.", "Use email, phone or a pattern.")
        if rules.get("pattern"):
            self.pattern(rules["pattern"], where)
        return rules

    def has_meaning(self, name: str, value: Any, kind: str, where: str) -> bool:
        """Whether form-js heeds a rule of such a field; one that it passes over would be believed to be kept."""
        if name not in RULES[kind]:
            how = f"Use {', '.join(sorted(RULES[kind]))}."
            self.refuse(where, f"The rule {name[:40]!r} of {where!r} has no meaning for a {kind}.", how)
        elif name == "required" and not isinstance(value, bool | None):
            self.refuse(where, f"required of {where!r} is {str(value)[:40]!r}.", "Write true or false; hide the field where it is not.")
        return name in RULES[kind]

    def limit(self, value: Any, where: str, name: str) -> Any:
        if value is None or value == "":
            return None
        if isinstance(value, str) and value.startswith("="):
            return self.expression(value, where, name)
        number = as_number(value)
        if number is None:
            self.refuse(where, f"{name} of {where!r} is {str(value)[:40]!r}.", "Write a number, or an expression that begins with '='.")
        return number

    def custom(self, found: Any, where: str) -> Iterator[tuple[Expression | None, Any]]:
        for item in found if isinstance(found, list) else []:
            if isinstance(item, dict) and item.get("condition") and item.get("message"):
                yield self.expression(item["condition"], where, "condition"), self.rule(item["message"], where, "message")

    def pattern(self, pattern: Any, where: str) -> None:
        try:
            compile_pattern(str(pattern))
        except BadPattern as error:
            self.refuse(where, f"The pattern of {where!r} is no regular expression: {error}.", "Correct the pattern.")

    def options(self, item: dict[str, Any], kind: str, where: str) -> tuple[Any, ...] | None:
        if kind not in CHOICES:
            return None
        sources = [name for name in ("values", "valuesKey", "valuesExpression") if item.get(name)]
        if len(sources) != 1:
            told = " and ".join(sources) or "nothing"
            self.refuse(where, f"The options of {where!r} come from {told}.", "Give exactly one of values, valuesKey and valuesExpression.")
        values = item.get("values")
        return tuple(values) if isinstance(values, list) else None

    def details(self, item: dict[str, Any], kind: str, where: str) -> dict[str, Any]:
        if kind == "datetime" and str(item.get("subtype", "date")) not in _SUBTYPES:
            self.refuse(where, f"{where!r} is a datetime of the subtype {str(item['subtype'])[:40]!r}.", "Use date, time or datetime.")
        interval = item.get("timeInterval")
        if interval is not None and interval not in TIME_INTERVALS:
            allowed = ", ".join(map(str, TIME_INTERVALS))
            self.refuse(where, f"timeInterval of {where!r} is {str(interval)[:40]!r}.", f"Use one of {allowed} minutes.")
        names = ("decimalDigits", "increment", "subtype", "allowAddRemove", "disallowPassedDates", "timeInterval")
        return {name: item[name] for name in names if item.get(name) is not None}

    def rule(self, value: Any, where: str, name: str) -> Any:
        """A value that may be an expression."""
        return self.expression(value, where, name) if isinstance(value, str) and value.startswith("=") else value

    def expression(self, text: Any, where: str, name: str) -> Expression | None:
        """Compile; what does not compile is a problem of the form."""
        if not isinstance(text, str) or not text.strip("= \n\t"):
            self.refuse(where, f"The {name} of {where!r} is empty or no text.", "Write an expression: =amount > 100")
            return None
        try:
            expression = compile_expression(text)
        except FeelSyntaxError as error:
            self.refuse(where, f"The {name} of {where!r} is not FEEL: {error.detail}.", error.next_step)
            return None
        for wrong in expression.wrong_calls:
            self.refuse(where, f"In the {name} of {where!r} {wrong.why}: it would always give null.", wrong.next_step)
        return expression


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _strings(value: Any) -> Iterator[str]:
    """All texts of a component itself; components inside are read on their own."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            if name != "components":
                yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
