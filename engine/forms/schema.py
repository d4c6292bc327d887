"""What a form is: components as read and compiled."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engine.feel import Expression

#: Components that take a value from a person.
FIELDS: Final = frozenset({"textfield", "textarea", "number", "datetime", "checkbox", "checklist", "taglist", "radio", "select"})
#: Those that offer options.
CHOICES: Final = frozenset({"checklist", "taglist", "radio", "select"})
#: A component whose value is computed, here and in the browser.
COMPUTED: Final = "expression"
CONTAINERS: Final = frozenset({"group", "dynamiclist"})
#: Components that only show something.
SHOWN: Final = frozenset({"text", "image", "table", "button", "separator", "spacer"})
#: Components that could run what an author wrote, or take what the server cannot judge; each with what to use instead.
REFUSED: Final[Mapping[str, str]] = {
    "html": "Use a text component; it takes Markdown.",
    "iframe": "Use a text component with a link.",
    "documentPreview": "Use a text component with a link to the document.",
    "filepicker": "Attach files to the order, not to a form.",
    "script": "Use an expression component.",
}

#: Rules of `validate` that mean something for which fields; form-js passes over others without a word, or fails on them.
_FOR_ALL: Final = frozenset({"required", "custom"})
_FOR_TEXT: Final = frozenset({*_FOR_ALL, "minLength", "maxLength", "pattern", "patternErrorMessage", "validationType"})
RULES: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(FIELDS | CONTAINERS | SHOWN | {COMPUTED}, _FOR_ALL),
    **dict.fromkeys(("textfield", "textarea"), _FOR_TEXT),
    "number": frozenset({*_FOR_ALL, "min", "max"}),
}
#: What form-js 19 reads of a component. A misspelt property would be passed over without a word.
PROPERTIES: Final = frozenset(
    (
        *("type", "id", "key", "path", "label", "description", "layout", "conditional", "validate", "readonly", "disabled", "appearance"),
        *("properties", "defaultValue", "components", "showOutline", "isRepeating", "allowAddRemove", "defaultRepetitions"),
        *("disableCollapse", "nonCollapsedItems", "verticalAlignment", "values", "valuesKey", "valuesExpression", "searchable"),
        *("decimalDigits", "increment", "serializeToString", "subtype", "dateLabel", "timeLabel", "timeSerializingFormat", "timeInterval"),
        *("disallowPassedDates", "use24h", "text", "alt", "source", "height", "computeOn", "expression", "dataSource", "columns"),
        *("columnsExpression", "rowCount", "action", "title", "style"),
    )
)
TIME_INTERVALS: Final = (1, 5, 10, 15, 30, 60)

#: Names that expressions in forms are given besides the data.
_BOUND: Final = frozenset({"this", "parent", "i", "value"})

#: A limit or a text of a rule: fixed, or an `Expression` on the data.
Rule = Any


@dataclass(frozen=True, slots=True)
class Component:
    """One component. `path` is where its value lies in the data around it; empty where it has none."""

    type: str
    id: str
    path: tuple[str, ...]
    label: str
    #: Hidden while this is true or null.
    hide: Expression | None = None
    #: True, False, or computed; disabled components are read-only too.
    readonly: Rule = False
    #: What `validate` says: required, min, max, minLength, maxLength, pattern, validationType, custom.
    rules: Mapping[str, Rule] = field(default_factory=dict)
    #: Options that are fixed, the name of the data they come from, or the expression that gives them.
    options: tuple[Any, ...] | None = None
    options_key: str | None = None
    options_expression: Expression | None = None
    #: The value of a computed component.
    value: Expression | None = None
    #: Everything else of the schema that a check reads: decimalDigits, increment, subtype, allowAddRemove …
    details: Mapping[str, Any] = field(default_factory=dict)
    #: Texts that are computed.
    texts: tuple[Expression, ...] = ()
    children: tuple["Component", ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """A form, compiled; immutable, safe to share between threads."""

    id: str
    components: tuple[Component, ...]

    @property
    def fields(self) -> frozenset[str]:
        """The top-level names that a submission writes."""
        return frozenset(component.path[0] for component in _valued(self.components) if component.path)

    @property
    def reads(self) -> frozenset[str]:
        """The top-level names that it shows or computes with, beyond what a person writes: they must be given to it."""
        return frozenset(_reads(self.components)) - _BOUND


def _reads(components: tuple[Component, ...]) -> Iterator[str]:
    """Names read that no writable field beside or inside gives."""
    written = {component.path[0] for component in _valued(components) if component.path and component.readonly is False}
    for component in components:
        found = {name for expression in _expressions(component) for name in expression.variables}
        found |= {component.options_key.split(".")[0]} if component.options_key else set()
        found |= {component.path[0]} if component.readonly is True and component.path else set()
        if component.path and component.children:
            inner = {name for child in component.children for name in child.path[:1]}
            found |= set(_reads(component.children)) - inner
            if any(child.readonly for child in component.children):
                yield component.path[0]
        elif component.children:
            found |= set(_reads(component.children))
        yield from found - written


def _expressions(component: Component) -> Iterator[Expression]:
    custom = [part for pair in component.rules.get("custom", ()) for part in pair]
    rules = [rule for name, rule in component.rules.items() if name != "custom"]
    for part in (component.hide, component.readonly, component.options_expression, component.value, *component.texts, *rules, *custom):
        if isinstance(part, Expression):
            yield part


def _valued(components: tuple[Component, ...]) -> Iterator[Component]:
    for component in components:
        if component.type == "group" and not component.path:
            yield from _valued(component.children)
        else:
            yield component
