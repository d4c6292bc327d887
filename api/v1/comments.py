"""Comments on elements of a bundle's diagrams: everybody may read and write them, drafted or deployed."""

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from api.auth.roles import Role
from api.requests import operation, person, transaction
from api.v1.drafts import BundlePath
from api.v1.shapes import Listing, Page, Shape, listed
from engine.runtime.read import comments as read
from engine.runtime.verbs import comments

api = APIBlueprint("comments", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="drafts")])


class CommentPath(BundlePath):
    """A comment in the address."""

    comment_id: int = Field(ge=0, lt=2**63)


class CommentQuery(Listing):
    """Which comments: those on one file, or on all."""

    path: str = Field("", max_length=200)


class CommentIn(Shape):
    """What is said, about which element of which file."""

    path: str = Field(min_length=1, max_length=200)
    element_id: str = Field(min_length=1, max_length=200)
    text: str = Field(max_length=comments.MAX_TEXT)


class WrittenOut(BaseModel):
    """The comment that was written."""

    id: int


@api.get("/drafts/<bundle>/comments", responses={200: Page[read.Comment]})
@operation(Role.READ)
def list_comments(path: BundlePath, query: CommentQuery) -> Page[read.Comment]:
    """List the comments on a bundle's elements, by file, the oldest first."""
    return listed(read.list_comments(transaction(), path.bundle, query.path, query.asked))


@api.post("/drafts/<bundle>/comments", responses={201: WrittenOut})
@operation(Role.WORK)
def add_comment(path: BundlePath, body: CommentIn) -> tuple[WrittenOut, int]:
    """Say something about an element."""
    new = comments.NewComment(path.bundle, body.path, body.element_id, body.text, person().name)
    return WrittenOut(id=comments.add(transaction(), new)), 201


@api.post("/drafts/<bundle>/comments/<int:comment_id>/resolve", responses={204: None})
@operation(Role.WORK)
def resolve_comment(path: CommentPath) -> tuple[None, int]:
    """Say that a comment is dealt with."""
    comments.resolve(transaction(), path.bundle, path.comment_id, person().name)
    return None, 204
