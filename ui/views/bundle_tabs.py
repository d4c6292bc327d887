"""What each tab of a version of a bundle shows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import request, url_for

from engine.models.bundle import FileKind
from engine.models.reading.decisions import read_decision_file
from engine.models.reading.drawing import Drawing
from engine.models.reading.forms import read_form_text
from engine.models.reading.scenarios import read_scenario
from engine.models.reading.uses import Deployed, Named, Use, index_uses
from engine.runtime.read.bundles import BundleVersion
from ui.markdown import render


@dataclass(frozen=True, slots=True)
class Opened:
    """A version that is looked at: its files by kind and its diagrams as read."""

    version: BundleVersion
    files: Mapping[FileKind, Mapping[str, bytes]]
    drawings: list[Drawing]

    @property
    def address(self) -> str:
        """Where it is shown."""
        return version_address(self.version)

    @property
    def uses(self) -> dict[Named, list[Use]]:
        """Which of its steps use what."""
        return index_uses(Deployed(self.version.name, self.version.version, drawing) for drawing in self.drawings)


def version_address(found: BundleVersion) -> str:
    """Where a version is shown."""
    return url_for("ui.bundles_show_version", bundle=found.name, version=found.version)


def _chosen(names: Iterable[str], parameter: str) -> str:
    """The one of some names that the address asks for; else the first."""
    known = list(names)
    asked_for = request.args.get(parameter, "")
    return asked_for if asked_for in known else next(iter(known), "")


def _diagram(opened: Opened) -> dict[str, Any]:
    main = [drawing for drawing in opened.drawings if any(process.key == opened.version.name for process in drawing.processes)]
    by_path = {drawing.path: drawing for drawing in (*main, *opened.drawings)}
    drawing = by_path.get(_chosen(by_path, "diagram"))
    links = _links(opened, drawing)
    return {"drawings": by_path, "drawing": drawing, "links": links, "marks": _jumps(drawing, links), "uses": opened.uses}


def _links(opened: Opened, drawing: Drawing | None) -> dict[Named, str]:
    """Where what the steps of a diagram name is shown, by what is named; nothing where it has no place."""
    decisions = {
        each.id for path, content in opened.files[FileKind.DECISION].items() for each in read_decision_file(path, content).decisions
    }
    forms = {read_form_text(path, content).key for path, content in opened.files[FileKind.FORM].items()}
    places = {process.key: each.path for each in opened.drawings for process in each.processes}
    address, landscape = opened.address, url_for("ui.landscape_show")
    where: Mapping[str, Callable[[str], str]] = {
        "service_task": lambda name: url_for("ui.service_tasks_show", name=name),
        "message": lambda name: f"{landscape}#message-{name}",
        "signal": lambda name: f"{landscape}#signal-{name}",
        "form": lambda name: f"{address}?show=forms&form={name}" if name in forms else "",
        "decision": lambda name: f"{address}?show=decisions#decision-{name}" if name in decisions else "",
        "process": lambda name: f"{address}?diagram={places[name]}" if name in places else "",
    }
    named = {(each.kind, each.name) for step in (drawing.steps if drawing else ()) for each in step.references}
    return {(kind, name): where[kind](name) if kind in where else "" for kind, name in named}


def _jumps(drawing: Drawing | None, links: Mapping[Named, str]) -> list[dict[str, str]]:
    """A link on the diagram for each step that names something with a page."""
    return [
        {"element_id": step.id, "state": "link", "href": links[each.kind, each.name], "label": f"{step.name} {each.role} {each.name}"}
        for step in (drawing.steps if drawing else ())
        for each in step.references[:1]
        if links[each.kind, each.name]
    ]


def _decisions(opened: Opened) -> dict[str, Any]:
    files = [read_decision_file(path, content) for path, content in opened.files[FileKind.DECISION].items()]
    return {"decision_files": files, "uses": opened.uses}


def _forms(opened: Opened) -> dict[str, Any]:
    forms = {form.key: form for form in (read_form_text(path, content) for path, content in opened.files[FileKind.FORM].items())}
    return {"forms": forms, "form": forms.get(_chosen(forms, "form")), "uses": opened.uses}


def _scenarios(opened: Opened) -> dict[str, Any]:
    names = {step.id: step.name for drawing in opened.drawings for step in drawing.steps}
    titles = {process.key: process.name for drawing in opened.drawings for process in drawing.processes}
    scenarios = [read_scenario(path, content, names) for path, content in opened.files[FileKind.SCENARIO].items()]
    return {"scenarios": scenarios, "process_names": titles}


def _readme(opened: Opened) -> dict[str, Any]:
    texts = opened.files[FileKind.TEXT]
    path = _chosen(sorted(texts, key=lambda name: name.lower() != "readme.md"), "text")
    content = texts.get(path, b"").decode("utf-8", "replace")
    return {"texts": texts, "text_path": path, "text": render(content, f"{opened.address}/files/")}


#: What a tab needs beyond the version itself.
SHOWN: Mapping[str, Callable[[Opened], dict[str, Any]]] = {
    "diagram": _diagram,
    "decisions": _decisions,
    "forms": _forms,
    "scenarios": _scenarios,
    "readme": _readme,
}
