"""Pages about webhooks: who is told of what, what was sent to one, and the catalogue of events."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import make_response, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from api.administration.forms import REFUSED, Refused
from api.auth.roles import Role
from api.auth.sealing import ring
from api.errors import status_of
from api.product import product
from api.requests import needs_proof, person
from engine.lexical import read_count
from engine.problems import Problem
from engine.store.clock import business_now
from handlers.calling import read_networks
from handlers.changes import Author
from handlers.webhooks import catalogue, subscriptions, views
from handlers.webhooks.subscriptions import SubscriptionDraft
from ui.product import asked, needs

_BASE = "/operations/webhooks"
_ONE = f"{_BASE}/<int:subscription_id>"
#: How far back all is sent again, where nobody says otherwise, and at most.
_USUAL_DAYS, _MOST_DAYS = 30, 3650
_STATES = ("pending", "delivered", "failed", "dropped")


def show() -> str:
    """Who is told of what."""
    return _list(None)


def add() -> AnyResponse:
    """Tell one more; its secret is shown once."""
    try:
        made = product().database.run(lambda tx: subscriptions.add(tx, _typed(), _inside(), ring(), _by()))
    except Problem as problem:
        return make_response(_list(Refused("add", problem)), REFUSED)
    return make_response(_page(made.number, secret=made.secret), 201)


def show_one(subscription_id: int) -> str:
    """One subscription and what was sent to it."""
    return _page(subscription_id)


def change(subscription_id: int) -> AnyResponse:
    """Tell another address, or of other events."""
    return _done(subscription_id, "changed", lambda tx: subscriptions.change(tx, subscription_id, _typed(), _inside(), _by()))


def rotate(subscription_id: int) -> AnyResponse:
    """Make a new secret, which is shown once."""
    made = product().database.run(lambda tx: subscriptions.rotate(tx, subscription_id, ring(), _by()))
    return make_response(_page(subscription_id, secret=made.secret))


def remove(subscription_id: int) -> AnyResponse:
    """Tell it nothing any more."""
    product().database.run(lambda tx: subscriptions.remove(tx, subscription_id, _by()))
    return redirect(f"{_BASE}?done=removed", 303)


def ping(subscription_id: int) -> AnyResponse:
    """Send a test."""
    return _done(subscription_id, "pinged", lambda tx: subscriptions.ping(tx, subscription_id, _by()))


def pause(subscription_id: int) -> AnyResponse:
    """Send nothing for a while."""
    return _done(subscription_id, "paused", lambda tx: subscriptions.pause(tx, subscription_id, _by()))


def resume(subscription_id: int) -> AnyResponse:
    """Send again."""
    return _done(subscription_id, "resumed", lambda tx: subscriptions.resume(tx, subscription_id, _by()))


def replay(subscription_id: int, delivery_id: int) -> AnyResponse:
    """Send one message again."""
    return _done(subscription_id, "replayed", lambda tx: subscriptions.replay(tx, subscription_id, delivery_id, _by()))


def replay_failed(subscription_id: int) -> AnyResponse:
    """Send all again that were given up in the last days."""
    days = min(read_count(request.form.get("days", "")) or _USUAL_DAYS, _MOST_DAYS)

    def again(tx: Session) -> int:
        return subscriptions.replay_failed(tx, subscription_id, business_now(tx) - timedelta(days=days), _by())

    return _done(subscription_id, "replayed", again)


def let_go(subscription_id: int, delivery_id: int) -> AnyResponse:
    """Send a message no more, for a reason."""
    return _done(subscription_id, "let-go", lambda tx: subscriptions.let_go(tx, subscription_id, delivery_id, _by()))


def show_events() -> str:
    """The catalogue of events."""
    shown = [(each, catalogue.written(each.message)) for each in catalogue.EVENTS]
    return render_template("webhook_events.html", events=shown)


def _done(subscription_id: int, done: str, act: Callable[[Session], object]) -> AnyResponse:
    try:
        product().database.run(act)
    except Problem as problem:
        return make_response(_page(subscription_id, refused=Refused("one", problem)), status_of(problem))
    return redirect(f"{_BASE}/{subscription_id}?done={done}", 303)


def _typed() -> SubscriptionDraft:
    form = request.form
    return SubscriptionDraft(label=form.get("label", ""), address=form.get("address", ""), events=form.getlist("events"))


def _list(refused: Refused | None) -> str:
    with product().database.transaction() as tx:
        rows = views.list_subscriptions(tx)
    return render_template("webhooks.html", rows=rows, refused=refused, **_offered())


def _page(subscription_id: int, *, secret: str = "", refused: Refused | None = None) -> str:
    state = request.args.get("state", "")
    state = state if state in _STATES else ""
    with product().database.transaction() as tx:
        one = views.show_subscription(tx, subscription_id)
        found = views.list_deliveries(tx, subscription_id, state, asked(), count=True)
    shown = {"one": one, "found": found, "state": state, "states": _STATES, "secret": secret, "refused": refused}
    return render_template("webhook.html", **shown, **_offered())


def _offered() -> dict[str, Any]:
    names = [(each.name, each.title) for each in catalogue.EVENTS if each.source != catalogue.PING]
    return {"events": names, "may": Role.ADMINISTER in person().roles, "done": request.args.get("done", "")}


def _inside() -> Any:
    return read_networks(product().settings.inside_networks)


def _by() -> Author:
    return Author(person().name, request.form.get("reason", "").strip()[:2000])


_GET, _POST = ["GET"], ["POST"]
_LOOK, _KEEP, _READ = needs(Role.OPERATE), needs(Role.ADMINISTER), needs(Role.READ)
ROUTES = (
    (_BASE, _LOOK(show), _GET),
    (_BASE, needs_proof(_KEEP(add)), _POST),
    (f"{_BASE}/events", _READ(show_events), _GET),
    (_ONE, _LOOK(show_one), _GET),
    (_ONE, needs_proof(_KEEP(change)), _POST),
    (f"{_ONE}/rotate", needs_proof(_KEEP(rotate)), _POST),
    (f"{_ONE}/remove", needs_proof(_KEEP(remove)), _POST),
    (f"{_ONE}/ping", _LOOK(ping), _POST),
    (f"{_ONE}/pause", _LOOK(pause), _POST),
    (f"{_ONE}/resume", _LOOK(resume), _POST),
    (f"{_ONE}/replay", _LOOK(replay_failed), _POST),
    (f"{_ONE}/deliveries/<int:delivery_id>/replay", _LOOK(replay), _POST),
    (f"{_ONE}/deliveries/<int:delivery_id>/let-go", _LOOK(let_go), _POST),
)
