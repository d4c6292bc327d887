"""Types of a model (`typeRef`, `itemDefinition`): fitting values to them (DMN 1.5, sections 7.3.3 and 10.3.2.9).

A value that does not fit becomes null with a diagnostic, as the standard says; a value that is not among the allowed ones
breaks a promise of the data and is a DecisionViolation. One thing goes beyond the standard: because process data are JSON,
text is read as a date, time or duration where the model asks for one.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final

from engine.dmn.errors import DecisionViolation, DmnError
from engine.dmn.session import Scope
from engine.dmn.source import Element, id_of, kid, kids, text_of
from engine.dmn.texts import Text, Workshop
from engine.feel import FeelLimitExceeded, FeelSyntaxError, Range, compile_expression, kind_of
from engine.feel.temporal import parse_date, parse_datetime, parse_duration, parse_time
from engine.feel.text import scalar_text

#: Names of simple types: FEEL's own, those of the DMN schema, and those modelers of Java engines write.
SIMPLE: Final[dict[str, str]] = {
    **dict.fromkeys(("number", "integer", "long", "double", "decimal"), "number"),
    "string": "string",
    "boolean": "boolean",
    "date": "date",
    "time": "time",
    **dict.fromkeys(("date and time", "dateTime"), "date and time"),
    **dict.fromkeys(("days and time duration", "dayTimeDuration"), "days and time duration"),
    **dict.fromkeys(("years and months duration", "yearMonthDuration"), "years and months duration"),
    "list": "list",
    **dict.fromkeys(("context", "function", "range"), ""),
    "Any": "",
}
_READERS: Final[dict[str, Callable[[str], object]]] = {
    "date": parse_date,
    "time": parse_time,
    "date and time": parse_datetime,
    "days and time duration": parse_duration,
    "years and months duration": parse_duration,
}
_MAX_NESTING: Final = 30


class UnfitError(Exception):
    """A value is not of a type. Never leaves this room: it becomes null and a diagnostic."""


@dataclass(frozen=True, slots=True)
class ItemType:
    """A type: a simple kind (empty for any), or components of a structure; perhaps a list of such; perhaps with allowed values."""

    name: str
    kind: str = ""
    components: Mapping[str, "ItemType"] | None = None
    base: "ItemType | None" = None
    is_collection: bool = False
    allowed: Text | None = None
    allowed_text: str = ""

    @property
    def feel_kind(self) -> str:
        """FEEL's name of what its values are; empty for any."""
        if self.is_collection:
            return "list"
        return "context" if self.components else self.kind or (self.base.feel_kind if self.base else "")

    def fit(self, value: object, scope: Scope) -> object:
        """The value as this type; raises UnfitError when it is none, DecisionViolation when it is not allowed."""
        if value is None:
            return None
        if not self.is_collection:
            return self._fit_item(value, scope)
        items = value if isinstance(value, list) else [value]
        scope.session.run.charge(len(items))
        return [self._fit_item(item, scope) for item in items]

    def _fit_item(self, value: object, scope: Scope) -> object:
        if isinstance(value, list) and len(value) == 1 and (self.components or self.kind not in ("", "list")):
            value = value[0]
        if self.base is not None:
            value = self.base.fit(value, scope)
        elif self.components is not None:
            value = self._fit_structure(value, self.components, scope)
        elif self.kind and kind_of(value) != self.kind:
            value = self._converted(value)
        self._check_allowed(value, scope)
        return value

    def _fit_structure(self, value: object, components: Mapping[str, "ItemType"], scope: Scope) -> object:
        if not isinstance(value, dict):
            raise UnfitError(f"a {kind_of(value)} is no {self.name}")
        # JSON leaves out what is empty, so a structure that lacks a component is no other one: it keeps those it has.
        fitting = dict(value)
        for key, component in components.items():
            if key in value:
                try:
                    fitting[key] = component.fit(value[key], scope)
                except UnfitError as error:
                    raise UnfitError(f"its {key}: {error}") from None
        return fitting

    def conforms(self, value: object) -> bool:
        """Whether the value is of this type as it stands, for `instance of`."""
        if self.is_collection:
            return isinstance(value, list) and all(map(self._item_conforms, value))
        return self._item_conforms(value)

    def _item_conforms(self, value: object) -> bool:
        if self.allowed is not None and not (self.allowed.expression and self.allowed.expression.evaluate({"?": value}) is True):
            return False
        if self.base is not None:
            return self.base.conforms(value)
        if self.components is None:
            return value is not None and self.kind in ("", kind_of(value))
        return isinstance(value, dict) and all(
            key in value and (value[key] is None or component.conforms(value[key])) for key, component in self.components.items()
        )

    def _converted(self, value: object) -> object:
        if self.kind == "date and time" and type(value) is date:
            return datetime.combine(value, time())
        if isinstance(value, str) and self.kind in _READERS:
            found = _READERS[self.kind](value)
            if kind_of(found) == self.kind:
                return found
        raise UnfitError(f"a {kind_of(value)} is no {self.kind}")

    def _check_allowed(self, value: object, scope: Scope) -> None:
        if self.allowed is None or value is None or passes(self.allowed, value, scope):
            return
        raise DecisionViolation(
            f"{scalar_text(value)} is not allowed for {self.name}; allowed are {self.allowed_text}.",
            element_id=self.allowed.element_id,
            next_step="Correct the value, or add it to the allowed values of the model.",
        )


ANY: Final = ItemType("Any")


def passes(tests: Text, value: object, scope: Scope) -> bool:
    """Whether a value passes unary tests; each item of a list must, where the tests are not about lists themselves."""
    if tests.passes(scope.with_values({"?": value})):
        return True
    return isinstance(value, list) and all(tests.passes(scope.with_values({"?": item})) for item in value)


def fitted(item_type: ItemType, value: object, scope: Scope, element_id: str) -> object:
    """The value as the type, or null with a diagnostic that names the element."""
    try:
        return item_type.fit(value, scope)
    except UnfitError as error:
        text = scalar_text(value)
        scope.report(element_id, text[:60], f"{error}, so the value is null")
        return None


def constants_of(text: str) -> tuple[object, ...]:
    """The values of `"high", "low"`, the first with the highest rank; none when the text is no list of constants."""
    if not text:
        return ()
    try:
        found = compile_expression(f"[{text}]").evaluate({})
    except (FeelSyntaxError, FeelLimitExceeded):
        return ()
    return tuple(found) if isinstance(found, list) and not any(isinstance(item, Range) for item in found) else ()


class Types(Mapping[str, Callable[[object], bool]]):
    """The item definitions of a model, resolved when asked for; as a mapping, the test for `instance of` by name of the type."""

    def __init__(self, definitions: Element, workshop: Workshop) -> None:
        self.workshop = workshop
        self.elements = {(element.get("name") or ""): element for element in kids(definitions, "itemDefinition")}
        self.known: dict[str, ItemType] = {}
        #: Those of imported models, by the name under which they are imported.
        self.imported: dict[str, Types] = {}

    def __getitem__(self, name: str) -> Callable[[object], bool]:
        owner, plain = self._owner(name)
        return owner.named(plain, owner.elements[plain], 0).conforms

    def __iter__(self) -> Iterator[str]:
        return iter(self.elements)

    def __len__(self) -> int:
        return len(self.elements)

    def of(self, element: Element | None) -> ItemType:
        """The type an element's `typeRef` attribute names; anything goes without one."""
        name = None if element is None else element.get("typeRef")
        if element is None or not name:
            return ANY
        return self.named(name, element, 0)

    def named(self, name: str, user: Element, depth: int) -> ItemType:
        """The type of a name; an unknown one is a finding and lets anything pass. Raises DmnError for a type made of itself."""
        owner, plain = self._owner(name.strip())
        if owner is not self:
            return owner.named(plain, user, depth)
        if plain not in self.elements and ":" in plain:
            plain = plain.rpartition(":")[2]  # of DMN 1.1: a name in a namespace, FEEL's or the model's
        if plain in self.elements:
            if plain not in self.known:
                self.known[plain] = self._built(self.elements[plain], depth + 1)
            return self.known[plain]
        if plain not in SIMPLE:
            self.workshop.find(user, f"There is no type {name}.")
            return ANY
        return ItemType(plain, SIMPLE[plain])

    def _owner(self, name: str) -> tuple["Types", str]:
        """The model that has the type, and its name there: `finance.tRate` is that of an import."""
        for prefix, types in self.imported.items():
            if name.startswith(f"{prefix}."):
                return types, name.removeprefix(f"{prefix}.")
        return self, name

    def _built(self, element: Element, depth: int) -> ItemType:
        if depth > _MAX_NESTING:
            raise DmnError(
                f"The type {element.get('name')} is made of itself, or of more than {_MAX_NESTING} levels.",
                element_id=id_of(element),
                next_step="Break the circle of item definitions.",
            )
        name = element.get("name") or "this type"
        reference = kid(element, "typeRef")
        base = None
        if reference is not None and reference.text:
            base = self.named(reference.text.strip(), element, depth)
        parts = {" ".join((part.get("name") or "").split()): part for part in kids(element, "itemComponent")}
        components = {key: self._built(part, depth + 1) for key, part in parts.items()}
        allowed = kid(element, "allowedValues")
        with self.workshop.knowing((), afresh=True):
            tests = None if allowed is None else self.workshop.tests(allowed)
        return ItemType(
            name,
            components=components or None,
            base=base,
            is_collection=element.get("isCollection") == "true",
            allowed=tests,
            allowed_text=text_of(allowed),
        )
