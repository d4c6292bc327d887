"""The catalogue of service tasks: what a diagram may name, with what it takes, gives and refuses."""

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field, RootModel

from api.auth.roles import Role
from api.product import product
from api.requests import operation, transaction
from api.v1.shapes import Page, Shape
from engine.element_templates import ElementTemplate, templates_of
from engine.runtime.read import service_tasks
from engine.runtime.read.service_tasks import CatalogueEntry

api = APIBlueprint("service-tasks", __name__, url_prefix="/api/v1/service-tasks", abp_tags=[Tag(name="service-tasks")])


class TaskSearch(Shape):
    """Which service tasks: `search` finds words of their name, purpose, fields and errors."""

    search: str = Field("", max_length=200)


class EntryOut(RootModel[CatalogueEntry]):
    """A service task with its uses and an example."""


class TemplatesOut(RootModel[list[ElementTemplate]]):
    """Element templates, as Camunda Modeler reads them from a file."""


class TaskPath(BaseModel):
    """A service task in the address."""

    name: str = Field(max_length=200)


@api.get("", responses={200: Page[CatalogueEntry]})
@operation(Role.READ)
def list_tasks(query: TaskSearch) -> Page[CatalogueEntry]:
    """List the service tasks that a diagram may name, by name, with their parameters, results, errors, uses and an example.

    They are as many as the code has, and come in one page.
    """
    found = service_tasks.list_service_tasks(transaction(), product().runtime.service_tasks, query.search)
    return Page(items=found, next_cursor=None)


@api.get("/element-templates", responses={200: TemplatesOut})
@operation(Role.READ)
def get_templates() -> Response:
    """One element template of Camunda Modeler for every service task, as one file for its folder `resources/element-templates`.

    A step with such a template is an external task whose topic is the service task; a deployment reads and runs it.
    """
    made = TemplatesOut(templates_of(product().runtime.service_tasks))
    content = made.model_dump_json(by_alias=True, exclude_none=True, indent=2)
    return Response(content, mimetype="application/json", headers={"Content-Disposition": 'attachment; filename="ordercraft.json"'})


@api.get("/<name>", responses={200: EntryOut})
@operation(Role.READ)
def get_task(path: TaskPath) -> EntryOut:
    """One service task."""
    return EntryOut(service_tasks.get_service_task(transaction(), product().runtime.service_tasks, path.name))
