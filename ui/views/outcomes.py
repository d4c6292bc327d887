"""What turns out differently from one version to another, or if a draft is deployed: a part of other pages, and a page where none asks."""

from flask import render_template, request
from sqlalchemy.orm import Session

from engine.problems import Invalid
from engine.runtime.dry_run.outcome import OutcomeDiff
from engine.runtime.dry_run.stage import compare_draft, compare_versions
from engine.runtime.read.bundles import LATEST
from ui.product import product, wants_fragment


def show(bundle: str) -> str:
    """Play the scenarios of both on both, and tell what differs; a draft with errors says so instead."""
    drafted = request.args.get("draft") == "1"
    problem: Invalid | None = None
    found: OutcomeDiff | None = None
    try:
        with product().database.transaction() as tx:
            found = _found(tx, bundle, drafted=drafted)
    except Invalid as refused:
        problem = refused
    return render_template(
        "_outcome.html" if wants_fragment() else "outcome.html", bundle=bundle, drafted=drafted, found=found, problem=problem
    )


def _found(tx: Session, bundle: str, *, drafted: bool) -> OutcomeDiff:
    if drafted:
        return compare_draft(product().runtime, tx, bundle, product().groups)
    old, new = (request.args.get(name, LATEST)[:20] for name in ("from", "to"))
    return compare_versions(product().runtime, tx, bundle, old, new)
