"""The decisions and forms of a bundle: read, compiled, and what is wrong with them."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.dmn import Decision, DecisionModel, load_decisions
from engine.feel import FeelLimitExceeded
from engine.forms import Form, FormInvalid, parse_form
from engine.models.bundle import Bundle, FileKind, Finding, Severity, stem_of
from engine.models.fixes import Change, Fix
from engine.models.reader import read_decisions
from engine.problems import Problem


@dataclass(frozen=True, slots=True)
class Assets:
    """What steps refer to: decisions by id, forms by key."""

    decisions: dict[str, Decision] = field(default_factory=dict)
    forms: dict[str, Form] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def read_assets(bundle: Bundle) -> Assets:
    """Read every decision and form of a bundle. Never raises on a bad file."""
    assets = Assets()
    models = bundle.of_kind(FileKind.DECISION)
    for path, content in models.items():
        assets.findings.extend(_read_model(assets, path, content, [other for name, other in models.items() if name != path]))
    for path, content in bundle.of_kind(FileKind.FORM).items():
        assets.findings.extend(_read_form(assets, path, content))
    return assets


def _read_model(assets: Assets, path: str, content: bytes, others: list[bytes]) -> Iterator[Finding]:
    reading = read_decisions(path, content)
    yield from reading.findings
    if reading.root is None:
        return
    try:
        model = load_decisions(content, others)
    except (Problem, FeelLimitExceeded) as problem:
        next_step = problem.next_step or "Correct the decision in the editor."
        yield Finding("decision", "error", problem.detail, next_step, path, problem.element_id or reading.root.get("id"))
        return
    yield from _decision_findings(path, model)
    for name, decision in model.decisions.items():
        if name in assets.decisions:
            message = f"The decision {name!r} is defined in another file too."
            yield Finding("duplicate-id", "error", message, "Give one of the two another id.", path, name)
        assets.decisions.setdefault(name, decision)


def _decision_findings(path: str, model: DecisionModel) -> Iterator[Finding]:
    for found in model.problems():
        severity: Severity = "error" if found.severity == "error" else "warning"
        next_step = "Correct it in the decision editor." if severity == "error" else "Correct it, or leave it if it is meant."
        fix = None if found.fix is None else Fix(f"Write {found.fix[:60]}", Change.SET_TEXT, found.element_id, value=found.fix)
        yield Finding("decision", severity, found.message, next_step, path, found.element_id or None, fix=fix)


def _read_form(assets: Assets, path: str, content: bytes) -> Iterator[Finding]:
    key = stem_of(path)
    try:
        form = parse_form(content)
    except FormInvalid as error:
        for problem in error.problems:
            renamed = problem.renamed
            fix = renamed and Fix(f"Write {renamed[1]}", Change.RENAME_PROPERTY, problem.component or "", *renamed)
            yield Finding("form", "error", problem.message, problem.next_step, path, problem.component, fix=fix)
        return
    if key in assets.forms:
        yield Finding("duplicate-id", "error", f"Two files hold the form {key!r}.", "Rename one of the files.", path, key)
    assets.forms.setdefault(key, form)
