"""Comments beside a case or task: shown, written, their documents as downloads, and where one is mentioned."""

from typing import Any
from uuid import UUID

from flask import Response, make_response, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Problem
from engine.runtime.read import case_comments as read
from engine.runtime.verbs import case_comments
from engine.runtime.verbs.attachments import Attachment
from engine.store.paging import Asked
from handlers.discussing import about, about_case, about_task
from ui.product import WORK, asked, needs, person, product, wants_fragment
from ui.subjects import subject_address

_SHOWN = 20
_REFUSED = 422


def comments_on(kind: str, number: str) -> dict[str, Any]:
    """For templates: the comments on a subject, and where they are written."""
    with product().database.transaction() as tx:
        return _shown(tx, about(kind, number), f"/cases/{kind}/{number}/comments")


def comments_of_task(tx: Session, about_it: str, task_id: UUID) -> dict[str, Any]:
    """The comments beside a task, and where they are written."""
    return _shown(tx, about_it, f"/worklist/{task_id}/comments")


def show_on_case(kind: str, number: str) -> str:
    """The comments on a subject, further back where the address says so."""
    with product().database.transaction() as tx:
        return _fragment(_shown(tx, about_case(tx, kind, number), f"/cases/{kind}/{number}/comments"))


def show_on_task(task_id: UUID) -> str:
    """The comments beside a task."""
    with product().database.transaction() as tx:
        return _fragment(_shown(tx, about_task(tx, person(), task_id), f"/worklist/{task_id}/comments"))


@needs(WORK)
def say_on_case(kind: str, number: str) -> AnyResponse:
    """Comment on a subject."""
    address = f"/cases/{kind}/{number}/comments"
    with product().database.transaction() as tx:
        subject = about_case(tx, kind, number)
    return _say(subject, None, address, subject_address(number, kind) or "/")


@needs(WORK)
def say_on_task(task_id: UUID) -> AnyResponse:
    """Comment beside a task."""
    with product().database.transaction() as tx:
        subject = about_task(tx, person(), task_id)
    return _say(subject, task_id, f"/worklist/{task_id}/comments", f"/worklist/{task_id}")


def download(attachment_id: int) -> Response:
    """A document of a comment: always a download, whatever it holds."""
    with product().database.transaction() as tx:
        paper = read.read_attachment(tx, person(), attachment_id)
    answer = Response(paper.content, mimetype=paper.media_type)
    answer.headers.set("Content-Disposition", "attachment", filename=paper.name)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def show_mentions() -> str:
    """Where the person is mentioned."""
    with product().database.transaction() as tx:
        return render_template("mentions.html", found=read.list_mentions(tx, person(), asked(), count=True))


@needs(WORK)
def mark_seen() -> AnyResponse:
    """Say that all of it is read."""
    product().database.run(lambda tx: case_comments.mark_seen(tx, person()))
    return redirect("/worklist/mentions", 303)


def _say(subject: str, task_id: UUID | None, address: str, page: str) -> AnyResponse:
    papers = [Attachment(each.filename or "", each.read()) for each in request.files.getlist("attachments") if each.filename]
    new = case_comments.NewComment(subject, request.form.get("text", ""), task_id, papers)
    problem = None
    try:
        product().database.run(lambda tx: case_comments.say(product().runtime, tx, new, person()))
    except Problem as refusal:
        if not wants_fragment():
            raise
        problem = refusal
    if not wants_fragment():
        return redirect(f"{page}#comments", 303)
    with product().database.transaction() as tx:
        shown = _shown(tx, subject, address)
    typed = new.text if problem else ""
    answer = make_response(_fragment({**shown, "problem": problem, "typed": typed, "fresh": True}))
    answer.status_code = _REFUSED if problem else 200
    return answer


def _shown(tx: Session, subject: str, address: str) -> dict[str, Any]:
    return {"list": read.list_comments(tx, subject, Asked(_SHOWN, request.args.get("comments") or None)), "address": address}


def _fragment(shown: dict[str, Any]) -> str:
    return render_template("_comments.html", comments=shown)
