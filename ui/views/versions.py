"""Versions of bundles: compare two, import one, go back to one, and let nothing new begin with one."""

import re

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from engine.lexical import MOST_INTEGER, read_count
from engine.models.archive import read_archive
from engine.models.diff import FileDiff
from engine.problems import Invalid, NotFound, Problem
from engine.runtime.dry_run.guarded_deployments import GivenBundle, GivenRollBack
from engine.runtime.read.bundles import LATEST, list_bundle_versions
from engine.runtime.read.comparisons import compare_versions
from engine.runtime.verbs import deploy
from engine.store.paging import Asked
from ui.forms import reason
from ui.product import DEPLOY, needs, person, product
from ui.second_person import do_or_ask, page_of
from ui.views import bundles

_REFUSED = 422
_NAME = re.compile(r"[a-z][a-z0-9-]{0,99}")
#: Versions offered to choose from.
_MOST_OFFERED = 200


def redirect_to_list() -> AnyResponse:
    """Where the versions of processes were before there was a page for each bundle."""
    return redirect(url_for("ui.bundles_show_list"))


def show_diff(bundle: str, problem: Problem | None = None) -> str:
    """What differs between two versions, whom it touches, and to whom may deploy the way back."""
    newer = request.values.get("to", LATEST)[:20]
    with product().database.transaction() as tx:
        versions = list_bundle_versions(tx, bundle, Asked(_MOST_OFFERED)).rows
        before = str(versions[1].version) if len(versions) > 1 else LATEST
        found = compare_versions(tx, bundle, request.values.get("from", before)[:20], newer)
    going_back = found.old.version == found.old.newest and found.new.version < found.old.newest
    return render_template(
        "bundle_diff.html",
        found=found,
        versions=versions,
        marks={file.path: marks_of(file) for file in found.diff.files if file.kind == "diagram"},
        may_roll_back=going_back and DEPLOY in person().roles,
        problem=problem,
        findings=getattr(problem, "findings", ()),
    )


def marks_of(file: FileDiff) -> dict[str, list[dict[str, str]]]:
    """What is marked on the old and on the new diagram: each element once, by the weightiest of its changes."""
    weight = {"moved": 0, "changed": 1, "added": 2, "removed": 2}
    kinds: dict[str, str] = {}
    for change in file.changes:
        if weight[change.kind] >= weight[kinds.get(change.id, "moved")]:
            kinds[change.id] = change.kind
    marks = [{"element_id": identity, "state": kind} for identity, kind in kinds.items()]
    return {
        "old": [mark for mark in marks if mark["state"] != "added"],
        "new": [mark for mark in marks if mark["state"] != "removed"],
    }


@needs(DEPLOY)
def import_bundle() -> AnyResponse:
    """Deploy the files of a zip: the same check as any deployment."""
    name, note = request.form.get("name", "").strip()[:200], request.form.get("note", "").strip()
    try:
        sent = request.files.get("archive")
        if sent is None or not sent.filename:
            errors = {"archive": ["is missing"]}
            raise Invalid("No file was chosen.", code="archive_missing", next_step="Choose the zip of a bundle.", errors=errors)
        bundle = read_archive(_bundle_name(name), sent.read())
        outcome = do_or_ask("deploy.bundle", GivenBundle(name=bundle.name, files=dict(bundle.files), note=note))
    except Problem as problem:
        return make_response(_refused_import(problem, name, note), _REFUSED)
    if outcome.pending is not None:
        return page_of(outcome)
    made = outcome.done.made
    done = "imported" if made.new else "unchanged"
    return redirect(url_for("ui.bundles_show_newest", bundle=made.name, show="versions", done=done), 303)


def _refused_import(problem: Problem, name: str, note: str) -> str:
    """The page the zip was sent from, with the dialog open on what is wrong."""
    if request.form.get("into") == name and _NAME.fullmatch(name):
        try:
            return bundles.show(name, LATEST, refused=bundles.Refused(problem, typed={"note": note}))
        except NotFound:
            pass
    return bundles.show_list(problem, {"name": name, "note": note})


def _bundle_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        next_step = "Use small letters, digits and '-', such as quote-to-order."
        raise Invalid("This is no name of a bundle.", code="bundle_name", next_step=next_step, errors={"name": ["is no name of a bundle"]})
    return name


@needs(DEPLOY)
def roll_back_to(bundle: str) -> AnyResponse:
    """Deploy the files of an earlier version as the newest one."""
    try:
        numbers = [_number(request.form.get(field, "")) for field in ("to", "from")]
        given = GivenRollBack(name=bundle, version=numbers[0], newest=numbers[1], note=reason())
        outcome = do_or_ask("deploy.roll_back", given)
    except Problem as problem:
        return make_response(show_diff(bundle, problem), _REFUSED)
    if outcome.pending is not None:
        return page_of(outcome)
    return redirect(url_for("ui.bundles_show_newest", bundle=bundle, show="versions", done="rolled-back"), 303)


def _number(text: str) -> int:
    found = read_count(text)
    if found is None or found > MOST_INTEGER:
        raise Invalid("This is no version.", code="version", next_step="Choose a version from the list.")
    return found


@needs(DEPLOY)
def retire(bundle: str, version_id: int) -> AnyResponse:
    """Let no new instance begin with a process of a version."""
    try:
        why = reason()
        product().database.run(lambda tx: deploy.retire(tx, version_id, person().name, why))
    except Problem as problem:
        return make_response(bundles.show_versions(bundle, problem, version_id), _REFUSED)
    return redirect(url_for("ui.bundles_show_newest", bundle=bundle, show="versions", done="retired"), 303)
