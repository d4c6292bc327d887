"""What a rule is: a function from all that is known of a bundle to the places where it is broken."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from functools import cached_property
from typing import Any, Final

from lxml import etree

from engine.dmn import Decision
from engine.forms import Form
from engine.models.bundle import Bundle, Finding, Severity
from engine.models.diagram import Diagram, Flow, Node, Scope
from engine.models.fixes import Fix
from engine.models.formulas import Formula, formulas_of
from engine.models.soundness import Walked
from engine.models.trees import line_of
from engine.models.writes import brought_in, turn_names, written_by
from engine.service_tasks import ServiceTasks


@dataclass(frozen=True)
class Known:
    """All that rules may look at."""

    bundle: Bundle
    diagrams: tuple[Diagram, ...]
    service_tasks: ServiceTasks
    #: Groups of people; None where they are not known, and are not checked.
    groups: Collection[str] | None = None
    #: The decisions of this bundle, by id, and its forms, by key.
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    forms: Mapping[str, Form] = field(default_factory=dict)
    #: The company's, in which times without a zone are meant.
    time_zone: tzinfo = UTC
    #: Codes of business calendars; None where they are not known, and are not checked.
    calendars: Collection[str] | None = None
    #: Levels that rules have walked through already.
    walked: dict[Scope, Walked] = field(default_factory=dict)

    @cached_property
    def formulas(self) -> tuple[Formula, ...]:
        """Every FEEL text of all diagrams."""
        return tuple(formula for diagram in self.diagrams for formula in formulas_of(diagram))

    def nodes(self, *tags: str) -> Iterator[tuple[Diagram, Node]]:
        """Steps, gateways and events of all diagrams, of these kinds or of all."""
        for diagram in self.diagrams:
            for node in diagram.nodes:
                if not tags or node.tag in tags:
                    yield diagram, node

    @cached_property
    def _nodes_by_process(self) -> dict[Scope, list[Node]]:
        found: dict[Scope, list[Node]] = {}
        for _, node in self.nodes():
            found.setdefault(node.scope.process, []).append(node)
        return found

    @cached_property
    def _formulas_by_process(self) -> dict[Scope, list[Formula]]:
        found: dict[Scope, list[Formula]] = {}
        for formula in self.formulas:
            found.setdefault(formula.scope.process, []).append(formula)
        return found

    @cached_property
    def _written(self) -> dict[Scope, frozenset[str]]:
        found: dict[Scope, set[str]] = {}
        for scope in self.scopes():
            if scope.parent is None:
                found[scope] = brought_in(scope).union(*(formula.writes for formula in self.formulas_of(scope)))
        for diagram, node in self.nodes():
            found[node.scope.process] |= written_by(diagram, node, self.forms) | turn_names(node)
        return {scope: frozenset(names) for scope, names in found.items()}

    def written_in(self, process: Scope) -> frozenset[str]:
        """The variables that something in a process writes or brings."""
        return self._written.get(process, frozenset())

    def nodes_of(self, process: Scope) -> list[Node]:
        """The nodes of a process, with those of its subprocesses."""
        return self._nodes_by_process.get(process, [])

    def formulas_of(self, process: Scope) -> list[Formula]:
        """The FEEL of a process, with that of its subprocesses."""
        return self._formulas_by_process.get(process, [])

    @cached_property
    def drawn(self) -> frozenset[tuple[str, str]]:
        """File and id of every element of a process that is a picture: the customer's pool, or an empty one."""
        pictures = [process for diagram in self.diagrams for process in diagram.processes if not process.is_executable]
        return frozenset((picture.path, str(each.get("id"))) for picture in pictures for each in picture.element.iter() if each.get("id"))

    def scopes(self) -> Iterator[Scope]:
        """Processes and subprocesses of all diagrams."""
        for diagram in self.diagrams:
            yield from diagram.scopes


@dataclass(frozen=True, slots=True)
class Broken:
    """One place where a rule is broken."""

    path: str
    element_id: str | None
    line: int | None
    message: str
    next_step: str
    severity: Severity | None = None
    fix: Fix | None = None


Rule = Callable[[Known], Iterator[Broken]]
#: Rules that speak of a picture because it is one.
_OF_THE_BUNDLE: Final = frozenset({"not-executable", "nothing-runs"})
#: Every rule, by its name, with the severity of its findings where they do not say otherwise.
RULES: Final[dict[str, tuple[Severity, Rule]]] = {}


def rule(name: str, severity: Severity = "error") -> Callable[[Rule], Rule]:
    """Make the function below a rule."""

    def add(check: Rule) -> Rule:
        if name in RULES:
            raise ValueError(f"Two rules are named {name!r}.")
        RULES[name] = (severity, check)
        return check

    return add


def at(thing: Node | Flow | Scope, message: str, next_step: str, severity: Severity | None = None, fix: Fix | None = None) -> Broken:
    """A broken rule at a node, a flow, a process or a subprocess; `fix` mends it for certain."""
    return Broken(thing.path, thing.id or None, line_of(thing.element), message, next_step, severity, fix)


def with_article(word: str) -> str:
    """A word as the beginning of a sentence: `An endEvent`."""
    return f"{'An' if word[:1].lower() in 'aeio' else 'A'} {word}"


def at_element(path: str, element: etree._Element, message: str, next_step: str) -> Broken:
    """A broken rule at any other element of the file; it is named by the nearest around it that has an id."""
    owner = next((each for each in (element, *element.iterancestors()) if each.get("id")), element)
    return Broken(path, owner.get("id"), line_of(element), message, next_step)


def run_rules(known: Known, rules: Mapping[str, tuple[Severity, Rule]]) -> Iterator[Finding]:
    """All findings of all rules. A rule that itself fails refuses the model: nothing unchecked is deployed."""
    for name, (severity, check) in rules.items():
        try:
            found = list(check(known))
        except Exception as error:  # noqa: BLE001 - whatever a hostile model does to a rule, its author gets a finding and not a crash
            yield _failed(name, error)
            continue
        yield from _findings(known, name, severity, found)


def _findings(known: Known, name: str, severity: Severity, found: Iterable[Broken]) -> Iterator[Finding]:
    """A picture never refuses a deployment: what is wrong with one is only said, beside whether anything runs at all."""
    for item in found:
        picture = name not in _OF_THE_BUNDLE and (item.path, item.element_id) in known.drawn
        weight: Severity = "info" if picture else item.severity or severity
        yield Finding(name, weight, item.message, item.next_step, item.path, item.element_id, item.line, item.fix)


def _failed(name: str, error: Any) -> Finding:
    message = f"The rule {name} could not look at this model ({type(error).__name__}: {error})."
    return Finding("rule-failed", "error", message, "Simplify the model; report this, it is a defect of the linter.", "")
