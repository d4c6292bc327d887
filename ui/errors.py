"""Refusals as pages: what is wrong and what to do, never a traceback. A page that asked by htmx gets a notice and keeps its content."""

from flask import Response, render_template

from engine.problems import Problem
from ui.product import wants_fragment

_TITLES = {
    400: "Unreadable request",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible here",
    409: "Someone was first",
    413: "Too large",
    422: "Not valid",
    429: "Too often",
    503: "Too busy",
}


def answer_problem(problem: Problem, status: int) -> Response:
    """The page or the notice for a refusal that the edge answers with `status`."""
    shown = {
        "title": _TITLES.get(status, "Refused"),
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
