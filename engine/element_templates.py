"""Element templates of Camunda Modeler for Camunda 7, one for each service task, made from the catalogue.

A template cannot write elements of another namespace than Camunda's. Ours therefore write an external task whose topic is the name of
the service task, its parameters as input parameters, and our settings as extension properties; `engine.models.camunda` reads exactly this.
The form of a template: https://docs.camunda.io/docs/components/modeler/desktop-modeler/element-templates/c7-defining-templates
"""

from collections.abc import Iterable, Iterator
from typing import Final

from pydantic import BaseModel, Field

from engine.models.settings import SERVICE
from engine.service_tasks import ServiceTask
from engine.task_catalogue import FieldOfTask, TaskDescription, describe

_SCHEMA: Final = "https://unpkg.com/@camunda/element-templates-json-schema@0.22.1/resources/schema.json"
_HOW: Final = "Text as it stands, FEEL behind =, or a variable such as ${order_no}."


class Binding(BaseModel):
    """Where a value is written: an attribute (property), an input parameter or an extension property of this name."""

    type: str
    name: str


class Constraints(BaseModel):
    """What the properties panel insists on."""

    not_empty: bool = Field(alias="notEmpty")


class TemplateProperty(BaseModel):
    """One value that a template writes; hidden ones are always the same."""

    type: str
    binding: Binding
    label: str | None = None
    description: str | None = None
    value: str | None = None
    group: str | None = None
    constraints: Constraints | None = None


class Named(BaseModel):
    """A group or category by its id, with what people read."""

    id: str
    label: str | None = None
    name: str | None = None


class ElementType(BaseModel):
    """What an element becomes when the template is chosen."""

    value: str


class ElementTemplate(BaseModel):
    """One template as Camunda Modeler reads it."""

    json_schema: str = Field(default=_SCHEMA, alias="$schema")
    name: str
    id: str
    description: str
    applies_to: list[str] = Field(alias="appliesTo")
    element_type: ElementType = Field(alias="elementType")
    groups: list[Named]
    properties: list[TemplateProperty]


def templates_of(tasks: Iterable[ServiceTask]) -> list[ElementTemplate]:
    """A template for every service task, by name."""
    return [_template(describe(task)) for task in sorted(tasks, key=lambda task: task.name)]


def _template(task: TaskDescription) -> ElementTemplate:
    refusals = f" It may refuse with {', '.join(error.code for error in task.errors)}." if task.errors else ""
    return ElementTemplate(
        name=task.name,
        id=f"ordercraft.{task.name}",
        description=f"{task.summary}{refusals}",
        appliesTo=["bpmn:Task", "bpmn:ServiceTask"],
        elementType=ElementType(value="bpmn:ServiceTask"),
        groups=[Named(id="parameters", label="Parameters"), Named(id="result", label="Result and repetition")],
        properties=list(_properties(task)),
    )


def _properties(task: TaskDescription) -> Iterator[TemplateProperty]:
    for name, value in (("camunda:type", "external"), ("camunda:topic", task.name)):
        yield TemplateProperty(type="Hidden", value=value, binding=Binding(type="property", name=name))
    for each in task.parameters:
        yield _parameter(each)
    for setting in SERVICE.values():
        if setting.name != "resultVariable" or task.result:
            yield TemplateProperty(
                type="String",
                label=setting.name,
                description=setting.meaning,
                group="result",
                binding=Binding(type="camunda:property", name=setting.name),
            )


def _parameter(each: FieldOfTask) -> TemplateProperty:
    """A required parameter begins as the variable of its own name: what most diagrams give it."""
    needed = "" if each.required else " May be left empty."
    described = f"{each.said[:1].upper()}{each.said[1:]}. {each.meaning} {_HOW}{needed}".replace(".  ", ". ")
    return TemplateProperty(
        type="String" if each.type in {"string", "number", "boolean", "date"} else "Text",
        label=each.name,
        description=described,
        value=f"={each.name}" if each.required else None,
        group="parameters",
        constraints=Constraints(notEmpty=True) if each.required else None,
        binding=Binding(type="camunda:inputParameter", name=each.name),
    )
