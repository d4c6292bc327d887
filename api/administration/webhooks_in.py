"""Pages about webhooks that come in: who may send them, what came, and what waits for a person."""

from collections.abc import Callable

from flask import make_response, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from api.administration.forms import Refused
from api.auth.roles import Role
from api.auth.sealing import ring
from api.errors import status_of
from api.product import product
from api.requests import needs_proof, person
from api.v1.webhook_intake import interpret
from engine.problems import Problem
from engine.runtime.verbs.pending_changes import Wanting, ask_or_do
from handlers.changes import Author
from handlers.webhooks import receiving, sources, views
from handlers.webhooks.sources import KINDS, SourceDraft
from ui.product import asked, needs

_BASE = "/operations/webhooks/received"
_STATES = {"waiting": "Waits for a person", "done": "Taken in", "dropped": "Let go"}


def show() -> str:
    """Who may send, and what came."""
    return _page()


def keep() -> AnyResponse:
    """Ask that somebody may tell us things; a second person agrees."""
    form = request.form
    draft = SourceDraft(
        name=form.get("name", ""),
        label=form.get("label", ""),
        kinds=form.getlist("kinds"),
        customer_no=form.get("customer_no", ""),
        messages=form.get("messages", "").replace(",", " ").split(),
    )
    return _done("asked", lambda tx: ask_or_do(product().runtime, tx, "webhook.source", draft, Wanting(person().name)), "source")


def rotate(source_name: str) -> AnyResponse:
    """Make its secret, which is shown once."""
    secret = product().database.run(lambda tx: sources.rotate(tx, source_name, ring(), _by()))
    return make_response(_page(secret=secret, of=source_name))


def pause(source_name: str) -> AnyResponse:
    """Believe nothing of it for a while."""
    return _done("changed", lambda tx: sources.set_state(tx, source_name, "paused", _by()))


def resume(source_name: str) -> AnyResponse:
    """Believe it again."""
    return _done("changed", lambda tx: sources.set_state(tx, source_name, "active", _by()))


def remove(source_name: str) -> AnyResponse:
    """Believe it never more."""
    return _done("changed", lambda tx: sources.set_state(tx, source_name, "removed", _by()))


def try_again(received_id: int) -> AnyResponse:
    """Do what a kept message asks."""
    return _done("again", lambda tx: receiving.try_again(tx, received_id, interpret, _by()))


def let_go(received_id: int) -> AnyResponse:
    """Nothing is to come of it."""
    return _done("let-go", lambda tx: receiving.let_go(tx, received_id, _by()))


def _done(done: str, act: Callable[[Session], object], form: str = "one") -> AnyResponse:
    try:
        product().database.run(act)
    except Problem as problem:
        return make_response(_page(Refused(form, problem)), status_of(problem))
    return redirect(f"{_BASE}?done={done}", 303)


def _page(refused: Refused | None = None, *, secret: str = "", of: str = "") -> str:
    state = request.args.get("state", "")
    state = state if state in _STATES else ""
    with product().database.transaction() as tx:
        rows = views.list_sources(tx)
        found = views.list_received(tx, state, asked(), count=True)
    shown = {"rows": rows, "found": found, "state": state, "states": _STATES, "kinds": KINDS, "secret": secret, "of": of}
    may = Role.ADMINISTER in person().roles
    return render_template("webhooks_in.html", refused=refused, may=may, done=request.args.get("done", ""), **shown)


def _by() -> Author:
    return Author(person().name, request.form.get("reason", "").strip()[:2000])


_GET, _POST = ["GET"], ["POST"]
_LOOK, _KEEP = needs(Role.OPERATE), needs(Role.ADMINISTER)
_SOURCE, _MESSAGE = "/operations/webhooks/sources/<source_name>", f"{_BASE}/<int:received_id>"
ROUTES = (
    (_BASE, _LOOK(show), _GET),
    (_BASE, needs_proof(_KEEP(keep)), _POST),
    (f"{_SOURCE}/secret", needs_proof(_KEEP(rotate)), _POST),
    (f"{_SOURCE}/pause", _LOOK(pause), _POST),
    (f"{_SOURCE}/resume", needs_proof(_KEEP(resume)), _POST),
    (f"{_SOURCE}/remove", needs_proof(_KEEP(remove)), _POST),
    (f"{_MESSAGE}/again", _LOOK(try_again), _POST),
    (f"{_MESSAGE}/let-go", _LOOK(let_go), _POST),
)
