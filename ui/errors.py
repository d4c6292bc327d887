"""Refusals as pages: what is wrong and what to do, never a traceback. A page that asked by htmx gets a notice and keeps its content."""

from flask import Response, render_template

from engine.problems import Conflict, Forbidden, NotFound, Problem, TooLarge
from ui.product import wants_fragment

_STATUS = ((NotFound, 404), (Conflict, 409), (Forbidden, 403), (TooLarge, 413), (Problem, 422))
_TITLES = {
    400: "Unreadable request",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible here",
    409: "Someone was first",
    413: "Too large",
    422: "Not valid",
}


def answer_problem(problem: Problem) -> Response:
    """The page or the notice for a refusal."""
    status = next(status for kind, status in _STATUS if isinstance(problem, kind))
    shown = {
        "title": _TITLES[status],
        "status": status,
        "code": problem.code,
        "detail": problem.detail,
        "next_step": problem.next_step,
        "errors": problem.errors,
    }
    if not wants_fragment():
        return Response(render_template("problem.html", problem=shown), status, mimetype="text/html")
    notice = Response(
        render_template("_notice.html", kind="error", title=problem.detail, text=problem.next_step), status, mimetype="text/html"
    )
    notice.headers["HX-Retarget"], notice.headers["HX-Reswap"] = "#notices", "innerHTML"
    return notice
