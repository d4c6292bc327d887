"""What one is told by mail, and in which language; the link in a mail that opens one task; whom alerts go to."""

from flask import Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from api.administration.forms import REFUSED, Refused
from api.auth.reading import read_account
from api.auth.roles import Role
from api.errors import status_of
from api.notices import alerts, choices
from api.notices.links import use_link
from api.product import product
from api.requests import open_to_all, person
from api.sign_in import attempt, enter, give_language, terms
from engine.lexical import MOST_INTEGER, read_count
from engine.problems import Problem
from handlers.changes import Author
from ui.languages import LANGUAGES
from ui.product import needs

_BASE = "/profile/notices"
_ALERTS = "/operations/alerts"
_LINK = "/task-link"


def show() -> str:
    """What one has chosen, and what was written to one."""
    return _page(None)


def choose() -> AnyResponse:
    """Keep a choice; the language holds from the next page on."""
    try:
        choice = choices.Choice(
            language=request.form.get("language", ""),
            at_once=request.form.get("at_once") == "on",
            reminds=request.form.get("reminds") == "on",
            remind_hours=_number("remind_hours"),
            digest=request.form.get("digest") == "on",
            digest_hour=_number("digest_hour"),
            chat_url=request.form.get("chat_url", "").strip(),
        )
        product().database.run(lambda tx: choices.choose(tx, person().name, choice))
    except Problem as problem:
        return make_response(_page(Refused("choice", problem)), REFUSED)
    answer = redirect(f"{_BASE}?done=changed", 303)
    give_language(answer, choice.language)
    return answer


def show_link() -> str:
    """What a link opens is told by nobody before its holder asks for it: a scanner of mails that follows links uses up none."""
    return render_template("task_link.html", problem=None, code="")


def open_link() -> AnyResponse:
    """Use the link up, and lead to its task; where there is a second factor, by that."""
    code = request.form.get("code", "").strip()
    try:
        task_id, made = product().database.run(lambda tx: use_link(tx, code, attempt(""), terms()))
    except Problem as problem:
        shown = render_template("task_link.html", problem=problem, code="")
        return Response(shown, status_of(problem), mimetype="text/html")
    target = f"/worklist/{task_id}"
    return redirect(target, 303) if made is None else enter(made, target)


def show_alerts() -> str:
    """Whom alerts go to."""
    return _alerts(None)


def add_alert() -> AnyResponse:
    """Let alerts go to one more."""
    kind, address = request.form.get("kind", ""), request.form.get("address", "")
    try:
        product().database.run(lambda tx: alerts.add_target(tx, kind, address, Author(person().name)))
    except Problem as problem:
        return make_response(_alerts(Refused("alert", problem)), status_of(problem))
    return redirect(f"{_ALERTS}?done=added", 303)


def remove_alert(target_id: int) -> AnyResponse:
    """Send no more there."""
    product().database.run(lambda tx: alerts.remove_target(tx, target_id, Author(person().name)))
    return redirect(f"{_ALERTS}?done=changed", 303)


def _page(refused: Refused | None) -> str:
    with product().database.transaction() as tx:
        shown = {
            "choice": choices.choice_of(tx, person().name),
            "mails": choices.mails_to(tx, person().name),
            "mail": read_account(tx, person().name).mail,
        }
    sends = bool(product().settings.smtp_host)
    return render_template("notices.html", **shown, sends=sends, languages=LANGUAGES, refused=refused, done=request.args.get("done", ""))


def _alerts(refused: Refused | None) -> str:
    with product().database.transaction() as tx:
        targets = alerts.list_targets(tx)
    sends = bool(product().settings.smtp_host)
    may = Role.OPERATE in person().roles
    return render_template("alerts.html", targets=targets, sends=sends, may=may, refused=refused, done=request.args.get("done", ""))


def _number(name: str) -> int:
    """A whole number of the form; one that is none is out of every range."""
    number = read_count(request.form.get(name, "").strip())
    return -1 if number is None or number > MOST_INTEGER else number


_GET, _POST = ["GET"], ["POST"]
_OWN, _OPERATE = needs(Role.READ), needs(Role.OPERATE)
ROUTES = (
    (_BASE, _OWN(show), _GET),
    (_BASE, _OWN(choose), _POST),
    (_LINK, open_to_all(show_link), _GET),
    (_LINK, open_to_all(open_link), _POST),
    (_ALERTS, _OWN(show_alerts), _GET),
    (_ALERTS, _OPERATE(add_alert), _POST),
    (f"{_ALERTS}/<int:target_id>/remove", _OPERATE(remove_alert), _POST),
)
