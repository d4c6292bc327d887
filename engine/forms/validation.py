"""The walk over a form: which fields count, what they may hold, and what of a submission is believed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from engine.feel import Expression, FeelLimitExceeded
from engine.feel.limits import REGEX_STEPS, Limits, Run
from engine.forms.schema import Component, Form
from engine.forms.values import REQUIRED, Offered, first_day, is_empty, judge

#: What all expressions of a form may use in one submission.
FORM_LIMITS: Final = Limits(steps=2_000_000, seconds=5.0)
#: What judging a field costs, in steps.
_FIELD_STEPS: Final = 5
#: Rows of one dynamic list.
MAX_ROWS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Submission:
    """What is taken over, and what is wrong, by the path of the field: `lines.0.quantity`."""

    data: dict[str, Any]
    errors: dict[str, list[str]]

    @property
    def ok(self) -> bool:
        """Whether it may be taken over."""
        return not self.errors


@dataclass(frozen=True, slots=True)
class _Level:
    """Where the walk is: what was submitted here, what is trusted here, and what expressions may read."""

    submitted: Mapping[str, Any]
    trusted: Mapping[str, Any]
    context: Mapping[str, Any]
    out: dict[str, Any]
    prefix: str


@dataclass(frozen=True, slots=True)
class _Walk:
    #: One budget for the whole form, so that many expressions hold nobody longer than one.
    run: Run
    errors: dict[str, list[str]] = field(default_factory=dict)

    def components(self, components: tuple[Component, ...], level: _Level) -> None:
        for component in components:
            if not self.is_hidden(component, level):
                self.component(component, level)

    def component(self, component: Component, level: _Level) -> None:
        self.run.charge(_FIELD_STEPS)
        if component.type == "group":
            self.group(component, level)
        elif component.type == "dynamiclist":
            self.rows(component, level)
        elif component.type == "expression":
            _put(level.out, component.path, self.value_of(component.value, level))
        elif component.path:
            self.field(component, level)

    def group(self, component: Component, level: _Level) -> None:
        inside = _get(level.submitted, component.path)
        if inside is not None and not isinstance(inside, Mapping):
            self.errors[level.prefix + ".".join(component.path)] = ["Send the fields as an object."]
            return
        self.components(component.children, _inner(level, component))

    def is_hidden(self, component: Component, level: _Level) -> bool:
        """While the condition is true, or cannot be told: form-js asks it as a unary test, which null passes, and shows nothing then."""
        return component.hide is not None and self.value_of(component.hide, level) in (True, None)

    def value_of(self, rule: Any, level: _Level) -> Any:
        """A fixed value, or what an expression gives. Raises FeelLimitExceeded where all of them together take too much."""
        if not isinstance(rule, Expression):
            return rule
        return rule.evaluate_on(self.run, level.context)

    def field(self, component: Component, level: _Level) -> None:
        if self.value_of(component.readonly, level) is True:
            _put(level.out, component.path, _get(level.trusted, component.path))
            return
        value = _get(level.submitted, component.path)
        if component.rules.get("pattern"):
            self.run.charge(REGEX_STEPS)
        rules = {name: self.value_of(rule, level) for name, rule in component.rules.items() if name != "custom"}
        errors = [REQUIRED] if rules.get("required") is True and is_empty(component, value) else []
        if value is not None and value not in ("", []):
            judged = judge(component, value, rules, Offered(tuple(self.options(component, level)), first_day(self.run.now())))
            errors += judged.errors
            value = judged.value
            if value is not None:
                errors += self.custom(component, level, value)
        if errors:
            self.errors[level.prefix + ".".join(component.path)] = errors
        else:
            _put(level.out, component.path, value)

    def custom(self, component: Component, level: _Level, value: Any) -> Iterator[str]:
        """Conditions of the form's author on `value`."""
        inner = _Level(level.submitted, level.trusted, {**level.context, "value": value}, level.out, level.prefix)
        for condition, message in component.rules.get("custom", ()):
            if self.value_of(condition, inner) is not True:
                yield str(self.value_of(message, inner))

    def options(self, component: Component, level: _Level) -> Iterator[Any]:
        """The values on offer; those from data come from what is trusted, never from the submission."""
        found: Any = component.options
        if component.options_key is not None:
            found = _get(level.trusted, tuple(component.options_key.split(".")))
        elif component.options_expression is not None:
            found = self.value_of(component.options_expression, level)
        offered = found if isinstance(found, list | tuple) else ()
        self.run.charge(len(offered))
        for option in offered:
            yield option.get("value") if isinstance(option, Mapping) and "value" in option else option

    def rows(self, component: Component, level: _Level) -> None:
        rows = _get(level.submitted, component.path)
        trusted = _get(level.trusted, component.path)
        shown = trusted if isinstance(trusted, list) else []
        if rows is None:  # what is not sent stays as it was shown, where rows cannot be taken away
            rows = _admitted_rows(component, shown) if not _may_change_rows(component) else []
        path = level.prefix + ".".join(component.path)
        refusal = _no_rows(component, rows, len(shown))
        if refusal:
            self.errors[path] = [refusal]
            return
        out: list[dict[str, Any]] = []
        for number, submitted in enumerate(rows):
            row = _mapping(submitted)
            own = {"this": row, "parent": level.context, "i": number + 1}
            out.append({})
            known = _mapping(shown[number]) if number < len(shown) else {}
            context = {**level.context, **known, **row, **own}
            self.components(component.children, _Level(row, known, context, out[-1], f"{path}.{number}."))
        _put(level.out, component.path, out)


def validate(form: Form, submitted: Mapping[str, Any], trusted: Mapping[str, Any], now: datetime | None = None) -> Submission:
    """Judge a submission; `trusted` is what the form was shown with, and `now` what `now()` gives in its expressions.

    Read-only and disabled values come from `trusted` only; hidden and unknown ones are dropped. Never raises on bad input.
    """
    if not isinstance(submitted, Mapping):
        return Submission({}, {"form": ["Send the fields as an object."]})
    walk = _Walk(Run(FORM_LIMITS))
    walk.run.moment = now
    admitted = _admitted(form.components, submitted)
    data: dict[str, Any] = {}
    try:
        walk.components(form.components, _Level(admitted, trusted, _merged(trusted, admitted), data, ""))
    except FeelLimitExceeded as stopped:  # a rule that was not computed must not count as kept
        return Submission({}, {"form": [f"It cannot be judged. {stopped.detail}"]})
    return Submission({} if walk.errors else data, walk.errors)


def fillable(form: Form, submitted: Mapping[str, Any]) -> dict[str, Any]:
    """Of a submission what a person may write: without what the form only shows, and gives back as it got it."""
    return _admitted(form.components, submitted)


def _admitted(components: tuple[Component, ...], submitted: Mapping[str, Any]) -> dict[str, Any]:
    """Of a submission, only what is a field that a person may write: nothing else is seen by conditions either."""
    admitted: dict[str, Any] = {}
    for component in components:
        if component.type == "group":
            inside = _get(submitted, component.path)
            if component.path and not isinstance(inside, Mapping):
                _put(admitted, component.path, inside)  # refused, not dropped
            else:
                _put_all(admitted, component.path, _admitted(component.children, inside))
        elif component.type == "dynamiclist":
            _put(admitted, component.path, _admitted_rows(component, _get(submitted, component.path)))
        elif component.path and component.type != "expression" and component.readonly is not True:
            _put(admitted, component.path, _get(submitted, component.path))
    return admitted


def _admitted_rows(component: Component, rows: Any) -> Any:
    """What is no list of objects is kept as it is, so that it is refused, not dropped."""
    if not isinstance(rows, list):
        return rows
    return [_admitted(component.children, row) if isinstance(row, Mapping) else row for row in rows[: MAX_ROWS + 1]]


def _no_rows(component: Component, rows: Any, shown: int) -> str:
    """Why these are no rows of a dynamic list; empty when they are."""
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        return "Send the rows as a list of objects."
    if len(rows) > MAX_ROWS:
        return f"At most {MAX_ROWS} rows can be entered."
    return "Rows cannot be added or removed." if shown and len(rows) != shown and not _may_change_rows(component) else ""


def _may_change_rows(component: Component) -> bool:
    """Rows with read-only values belong to the rows they were shown with, which is told by their place alone."""
    return component.details.get("allowAddRemove") is not False and not any(child.readonly for child in component.children)


def _inner(level: _Level, component: Component) -> _Level:
    """Inside of a group with a path of its own; a group without one is only a frame."""
    if not component.path:
        return level
    submitted = _mapping(_get(level.submitted, component.path))
    trusted = _mapping(_get(level.trusted, component.path))
    out: dict[str, Any] = {}
    _put(level.out, component.path, out)
    context = {**level.context, **_merged(trusted, submitted), "this": _merged(trusted, submitted), "parent": level.context}
    return _Level(submitted, trusted, context, out, level.prefix + ".".join(component.path) + ".")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Both, where `over` wins; mappings in both are merged likewise."""
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def _get(data: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = data
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _put(data: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set a value inside; nothing is set for null."""
    if value is None:
        return
    for key in path[:-1]:
        data = data.setdefault(key, {})
    data[path[-1]] = value


def _put_all(data: dict[str, Any], path: tuple[str, ...], values: Mapping[str, Any]) -> None:
    for key in path:
        data = data.setdefault(key, {})
    data.update(_merged(data, values))
