"""Drafts: what an analyst works on. Its files, what is wrong with them, deployment, and the editor of each file."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import make_response, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from engine.lexical import read_count
from engine.models.bundle import FileKind, Finding, kind_of, stem_of
from engine.models.new_diagram import new_diagram
from engine.problems import Invalid, NotFound, Problem
from engine.runtime.dry_run.guarded_deployments import GivenDraft
from engine.runtime.read import drafts as read
from engine.runtime.read.bundles import left_behind
from engine.runtime.read.draft_changes import changes_of
from engine.runtime.verbs import draft_import, drafts
from engine.runtime.verbs.pending_changes import Wanting, ask_or_do
from ui.markdown import render
from ui.product import DEPLOY, MIGRATE, asked, needs, person, product

_REFUSED = 422
_KINDS = {"bpmn": "Diagram", "dmn": "Decision", "form": "Form", "scenario.json": "Scenario", "md": "Text"}
_NEW_FILES: Mapping[FileKind, str] = {
    FileKind.DECISION: """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="{stem}_definitions" name="{stem}" namespace="https://ordercraft.example/dmn">
</definitions>
""",
    FileKind.FORM: '{{\n  "type": "default",\n  "id": "{stem}",\n  "components": []\n}}\n',
    FileKind.SCENARIO: '{{\n  "name": "",\n  "process": "",\n  "given": {{}},\n  "steps": [],\n  "expect": {{}}\n}}\n',
    FileKind.TEXT: "# {stem}\n",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """An act that was refused: which dialog it belongs to, why, and what was typed."""

    verb: str
    problem: Problem
    values: Mapping[str, str]


def show_list() -> str:
    """What is worked on, and the way to begin a process that is not there yet."""
    with product().database.transaction() as tx:
        found = read.list_drafts(tx, asked())
    return render_template("drafts.html", found=found, may_change=DEPLOY in person().roles)


@needs(DEPLOY)
def begin_new() -> AnyResponse:
    """Begin the draft of the bundle whose name was typed."""
    return begin(request.form.get("bundle", "").strip())


def show_draft(bundle: str) -> AnyResponse:
    """The draft of a bundle, or the way to begin one."""
    return make_response(_page(bundle))


@needs(DEPLOY)
def begin(bundle: str) -> AnyResponse:
    """Begin a draft, of what is deployed or empty."""
    empty = request.form.get("empty") == "yes"
    product().database.run(lambda tx: drafts.begin(tx, bundle, person().name, empty=empty))
    return redirect(f"/processes/{bundle}/draft", 303)


@needs(DEPLOY)
def change(bundle: str, verb: str) -> AnyResponse:
    """Do something to a draft or one of its files; what is refused is said beside its form."""
    try:
        target = product().database.run(lambda tx: _VERBS[verb](tx, bundle))
    except Problem as problem:
        refused = Refusal(verb, problem, dict(request.form))
        try:
            return make_response(_page(bundle, refused), _REFUSED)
        except NotFound:
            raise problem from None
    return redirect(target, 303)


def edit(bundle: str, path: str) -> str:
    """The editor of a file, by its kind; `as=text` asks for its text, which opens whatever stands in it."""
    with product().database.transaction() as tx:
        file = read.read_file(tx, bundle, path)
    kind = kind_of(path)
    own = _EDITORS.get(kind) if kind else None
    island = own if own and request.args.get("as") != "text" else "text-editor"
    return render_template(
        "draft_file.html",
        bundle=bundle,
        path=path,
        file=file,
        kind=_KINDS.get((kind or "").strip("."), "File"),
        island=island,
        has_own_editor=own is not None,
        may_change=DEPLOY in person().roles,
        time_zone=str(product().runtime.time_zone),
    )


#: The island that edits each kind of file; whatever is not named is edited as text.
_EDITORS: Mapping[FileKind, str] = {FileKind.DIAGRAM: "modeler", FileKind.DECISION: "dmn-editor", FileKind.FORM: "form-editor"}


def _page(bundle: str, refused: Refusal | None = None) -> str:
    with product().database.transaction() as tx:
        draft = read.find_draft(tx, bundle)
        checked = None if draft is None else read.check_draft(product().runtime, tx, bundle, {}, product().groups)
        changes = None if draft is None else changes_of(tx, bundle)
        deployed = read.deployed_version(tx, bundle)
        report = _report(tx, bundle, draft)
        behind = left_behind(tx, bundle) if request.args.get("done") == "deployed" else []
    if draft is None and refused is not None:
        raise refused.problem
    findings: list[Finding] = list(checked.findings) if checked else []
    return render_template(
        "draft.html",
        bundle=bundle,
        draft=draft,
        deployed=deployed,
        changes=changes,
        kinds=_KINDS,
        findings=findings,
        counts={severity: Counter(each.path for each in findings if each.severity == severity) for severity in ("error", "warning")},
        may_change=DEPLOY in person().roles,
        behind=behind,
        may_migrate=MIGRATE in person().roles,
        refused=refused,
        done=request.args.get("done", ""),
        version=request.args.get("version", "")[:9],
        report=report,
        kept=request.args.getlist("kept"),
    )


def _report(tx: Session, bundle: str, draft: read.Draft | None) -> tuple[str, str] | None:
    """The report of an import, by its path, as a page shows it."""
    path = request.args.get("report", "")
    if draft is None or path not in {file.path for file in draft.files if file.revision is not None}:
        return None
    return path, render(read.read_file(tx, bundle, path).content.decode())


def _deploy(tx: Session, bundle: str) -> str:
    note = request.form.get("note", "").strip()
    given = GivenDraft(bundle=bundle, note=note, scenarios=request.form.get("anyway") != "on")
    outcome = ask_or_do(product().runtime, tx, "deploy.draft", given, Wanting(person().name, note[:2000]))
    if outcome.pending is not None:
        return f"/worklist/changes/{outcome.pending}?done=asked"
    return f"/processes/{bundle}/draft?done=deployed&version={outcome.done.made.version}"


def _discard(tx: Session, bundle: str) -> str:
    drafts.discard(tx, bundle, person().name)
    return f"/processes/{bundle}/draft?done=discarded"


def _rebase(tx: Session, bundle: str) -> str:
    made = drafts.rebase(tx, bundle, person().name)
    return f"/processes/{bundle}/draft?done=rebased" + "".join(f"&kept={path}" for path in made.kept)


def _add(tx: Session, bundle: str) -> str:
    path = request.form.get("path", "").strip()
    drafts.save(tx, bundle, drafts.Saving(path, _new_content(path), None, person().name))
    return f"/processes/{bundle}/draft/{path}"


def _import(tx: Session, bundle: str) -> str:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid("No file is chosen.", code="file_missing", next_step="Choose a .bpmn file.", errors={"file": ["is missing"]})
    saving = drafts.Saving(file.filename.rsplit("/", 1)[-1].replace(" ", "-"), file.read(), None, person().name)
    made = draft_import.import_diagram(tx, bundle, saving)
    report = next((path for path in made.files if path.endswith(FileKind.TEXT)), None)
    return f"/processes/{bundle}/draft?done=imported" + (f"&report={report}" if report else "")


def _rename(tx: Session, bundle: str) -> str:
    path, to = request.form.get("path", ""), request.form.get("to", "").strip()
    drafts.rename(tx, bundle, path, to, (_revision(), person().name))
    return f"/processes/{bundle}/draft?done=renamed"


def _restore(tx: Session, bundle: str) -> str:
    path = request.form.get("path", "")
    drafts.restore(tx, bundle, path, person().name, _revision() if request.form.get("revision") else None)
    return f"/processes/{bundle}/draft?done=restored"


def _remove(tx: Session, bundle: str) -> str:
    drafts.remove(tx, bundle, request.form.get("path", ""), (_revision(), person().name))
    return f"/processes/{bundle}/draft?done=removed"


_VERBS: Mapping[str, Callable[[Session, str], str]] = {
    "deploy": _deploy,
    "discard": _discard,
    "rebase": _rebase,
    "add": _add,
    "import": _import,
    "rename": _rename,
    "remove": _remove,
    "restore": _restore,
}


def _revision() -> int:
    given = request.form.get("revision", "")
    return read_count(given) or 0


def _new_content(path: str) -> bytes:
    """What a new file begins with."""
    kind, stem = kind_of(path), stem_of(path)
    if kind is FileKind.DIAGRAM:
        return new_diagram(stem)
    return _NEW_FILES[kind].format(stem=stem).encode() if kind else b""
