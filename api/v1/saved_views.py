"""Saved and shared views of lists."""

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from api.auth.roles import Role
from api.requests import operation, person, transaction
from api.v1.shapes import Shape
from engine.runtime.read.saved_views import SavedView, list_views
from engine.runtime.verbs.saved_views import NewView, remove_view, save_view

api = APIBlueprint("saved_views", __name__, url_prefix="/api/v1/saved-views", abp_tags=[Tag(name="saved views")])


class ViewPath(BaseModel):
    """A view in the address."""

    view_id: int = Field(ge=0, lt=2**63)


class ViewsQuery(Shape):
    """Of which list: worklist, orders, instances or incidents."""

    list: str = Field(max_length=20)


class ViewIn(Shape):
    """A view: `query` is what stands behind the ? of the list's address."""

    list: str = Field(max_length=20)
    name: str = Field(max_length=200)
    query: str = Field("", max_length=4000)
    shared: bool = False


class ViewOut(BaseModel):
    """The view that was saved."""

    id: int


class ViewsOut(BaseModel):
    """One's own views, and those that others share."""

    items: list[SavedView]


@api.get("", responses={200: ViewsOut})
@operation(Role.READ)
def list_saved_views(query: ViewsQuery) -> ViewsOut:
    """List the views of a list."""
    return ViewsOut(items=[*list_views(transaction(), person(), query.list)])


@api.post("", responses={201: ViewOut})
@operation(Role.READ)
def post_view(body: ViewIn) -> tuple[ViewOut, int]:
    """Save a view; one of the same name is replaced."""
    return ViewOut(id=save_view(transaction(), NewView(**body.model_dump()), person())), 201


@api.delete("/<int:view_id>", responses={204: None})
@operation(Role.READ)
def delete_view(path: ViewPath) -> tuple[None, int]:
    """Remove a view of one's own, or, as an operator, a shared one."""
    remove_view(transaction(), path.view_id, person())
    return None, 204
