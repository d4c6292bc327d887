"""What the company says in its mails to customers, kind by kind."""

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Problem
from handlers.changes import Author
from handlers.mailing.texts import keep_words, list_words
from ui.product import ADMINISTER, OPERATE, needs, person, product

_REFUSED = 422
_ADDRESS = "/operations/mail-texts"


@needs(OPERATE)
def show() -> str:
    """Every kind of mail with its words."""
    return _page(None)


@needs(ADMINISTER)
def keep() -> AnyResponse:
    """Say it so from now on."""
    kind, subject, body = (request.form.get(name, "") for name in ("kind", "subject", "body"))
    try:
        product().database.run(lambda tx: keep_words(tx, kind, subject, body, Author(person().name)))
    except Problem as problem:
        return make_response(_page(problem), _REFUSED)
    return redirect(f"{_ADDRESS}?done=changed#{kind}", 303)


def _page(problem: Problem | None) -> str:
    with product().database.transaction() as tx:
        words = list_words(tx)
    may = ADMINISTER in person().roles
    return render_template("mail_texts.html", words=words, problem=problem, may=may, done=request.args.get("done", ""))
