"""Comments on cases and tasks, their documents, and where one is mentioned."""

from base64 import b64decode
from datetime import datetime
from uuid import UUID

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.cases import CasePath
from api.v1.shapes import Listing, Page, Shape, listed
from api.v1.user_tasks import TaskPath
from engine.problems import Invalid
from engine.runtime.read import case_comments as read
from engine.runtime.verbs import case_comments
from engine.runtime.verbs.attachments import MAX_BYTES, MOST, Attachment
from engine.runtime.verbs.comments import MAX_TEXT
from handlers.discussing import about_case, about_task

api = APIBlueprint("case_comments", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="comments")])
_MOST_BASE64 = MAX_BYTES * 4 // 3 + 4


class AttachmentPath(BaseModel):
    """A document of a comment in the address."""

    attachment_id: int = Field(ge=0, lt=2**63)


class AttachmentIn(Shape):
    """A document: its name, and its content as Base64. Its kind is found by both."""

    name: str = Field(min_length=1, max_length=200)
    content: str = Field(min_length=1, max_length=_MOST_BASE64)


class SaidIn(Shape):
    """What is said; each `@name` of a person lets them find it under their mentions."""

    text: str = Field(max_length=MAX_TEXT)
    attachments: list[AttachmentIn] = Field(default_factory=list, max_length=MOST)


class AttachmentOut(Shape):
    """A document of a comment, to be read under /api/v1/comments/attachments."""

    id: int
    name: str
    size: int


class CaseCommentOut(Shape):
    """What somebody said, about which subject (kind and number, or `task:` and its id), and whom it mentions."""

    id: int
    about: str
    task_id: UUID | None
    author: str
    text: str
    written_at: datetime
    mentions: list[str]
    attachments: list[AttachmentOut]


class SaidOut(BaseModel):
    """The comment that was written."""

    id: int


class SeenOut(BaseModel):
    """How many mentions were unread before."""

    seen: int


@api.get("/cases/<kind>/<number>/comments", responses={200: Page[CaseCommentOut]})
@operation(Role.READ)
def list_on_case(path: CasePath, query: Listing) -> Page[CaseCommentOut]:
    """List what was said about a quote, order, invoice or another subject, the latest first."""
    return _comments(about_case(transaction(), path.kind, path.number), query)


@api.post("/cases/<kind>/<number>/comments", responses={201: SaidOut})
@operation(Role.WORK)
def say_on_case(path: CasePath, body: SaidIn) -> tuple[SaidOut, int]:
    """Say something about a subject."""
    return _say(about_case(transaction(), path.kind, path.number), None, body)


@api.get("/user-tasks/<uuid:task_id>/comments", responses={200: Page[CaseCommentOut]})
@operation(Role.WORK)
def list_on_task(path: TaskPath, query: Listing) -> Page[CaseCommentOut]:
    """List what was said about what a task is about, the latest first."""
    return _comments(about_task(transaction(), person(), path.task_id), query)


@api.post("/user-tasks/<uuid:task_id>/comments", responses={201: SaidOut})
@operation(Role.WORK)
def say_on_task(path: TaskPath, body: SaidIn) -> tuple[SaidOut, int]:
    """Say something beside a task: it belongs to what the task is about."""
    return _say(about_task(transaction(), person(), path.task_id), path.task_id, body)


@api.get("/comments/attachments/<int:attachment_id>", responses={200: {"content": {"application/octet-stream": {}}}})
@operation(Role.READ)
def read_attachment(path: AttachmentPath) -> Response:
    """Download a document of a comment."""
    paper = read.read_attachment(transaction(), person(), path.attachment_id)
    answer = Response(paper.content, mimetype=paper.media_type)
    answer.headers.set("Content-Disposition", "attachment", filename=paper.name)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


@api.get("/me/mentions", responses={200: Page[read.Mention]})
@operation(Role.READ)
def list_mentions(query: Listing) -> Page[read.Mention]:
    """List the comments that mention me, the latest first; `seen_at` is null until I said that I have read them."""
    return listed(read.list_mentions(transaction(), person(), query.asked))


@api.post("/me/mentions/seen", responses={200: SeenOut})
@operation(Role.READ)
def mark_seen() -> SeenOut:
    """Say that I have read all of them."""
    return SeenOut(seen=case_comments.mark_seen(transaction(), person()))


def _comments(about: str, query: Listing) -> Page[CaseCommentOut]:
    found = read.list_comments(transaction(), about, query.asked)
    return Page(items=[CaseCommentOut.model_validate(each) for each in found.rows], next_cursor=found.next)


def _say(about: str, task_id: UUID | None, body: SaidIn) -> tuple[SaidOut, int]:
    papers = [Attachment(each.name, _decoded(each, number)) for number, each in enumerate(body.attachments)]
    new = case_comments.NewComment(about, body.text, task_id, papers)
    return SaidOut(id=case_comments.say(product().runtime, transaction(), new, person())), 201


def _decoded(given: AttachmentIn, number: int) -> bytes:
    try:
        return b64decode(given.content, validate=True)
    except ValueError:
        raise Invalid(
            f"The content of {given.name} is no Base64.",
            code="attachment",
            next_step="Send the content as Base64 (RFC 4648).",
            errors={f"attachments.{number}.content": ["is no Base64"]},
        ) from None
