"""What happened in the instances of a bundle: steps and flows in numbers, where time is lost, and the ways that were taken."""

from datetime import datetime
from typing import Literal

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import AwareDatetime, BaseModel, Field

from api.auth.roles import Role
from api.requests import operation, transaction
from api.v1.shapes import Page, Shape, listed
from engine.mining.figures import Bottleneck, ElementFigures, FlowFigures
from engine.mining.ways import Variant
from engine.runtime.read import mining
from engine.store import json_text
from engine.store.paging import Asked, page_of
from engine.store.patience import REPORT
from handlers.event_log import event_log, keys_of_customer

api = APIBlueprint("mining", __name__, url_prefix="/api/v1/bundles", abp_tags=[Tag(name="mining")])


class BundlePath(BaseModel):
    """A bundle in the address."""

    name: str = Field(max_length=100)


class MiningQuery(Shape):
    """Which instances to look at; what is left out asks for nothing.

    `version` may come more than once. `state` `running` is whatever has not ended; `variable` reads `name=value`; `customer` is the number
    of one, whose quotes, orders, shipments and invoices the instances are about. An instance that began at `started_before` is none.
    """

    process: str = Field("", max_length=200)
    version: list[int] = Field(default_factory=list, max_length=50)
    state: Literal["", "running", "completed", "cancelled"] = ""
    started_from: AwareDatetime | None = None
    started_before: AwareDatetime | None = None
    business_key: str = Field("", max_length=200)
    customer: str = Field("", max_length=40)
    variable: str = Field("", max_length=400, pattern=r"^$|^[^=]+=")

    def wanted(self, bundle: str) -> mining.Wanted:
        """The filter as the query takes it."""
        return mining.Wanted(
            bundle=bundle,
            process=self.process,
            versions=tuple(sorted(set(self.version))),
            state=self.state,
            started_from=self.started_from,
            started_before=self.started_before,
            business_key=self.business_key,
            variable=self.variable,
            business_keys=keys_of_customer(transaction(), self.customer) if self.customer else None,
        )


class VariantsQuery(MiningQuery):
    """Which instances to look at, and which page of their variants."""

    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=500)


class SampleOut(Shape):
    """How many instances were looked at, and of which versions. With `capped` there are more that fit: these are the latest ones."""

    instances: int
    capped: bool
    running: int
    completed: int
    cancelled: int
    versions: list[int]


class MiningOut(Shape):
    """Steps, flows and bottlenecks. `shown_version` has the diagram on which every step that is `drawn` can be found."""

    sample: SampleOut
    shown_version: int
    elements: list[ElementFigures]
    flows: list[FlowFigures]
    bottlenecks: list[Bottleneck]


class OcelAttributeType(Shape):
    """An attribute of a type; `type` is string, time, integer, float or boolean."""

    name: str
    type: str


class OcelType(Shape):
    """A type of events or objects."""

    name: str
    attributes: list[OcelAttributeType]


class OcelValue(Shape):
    """What an event says of itself."""

    name: str
    value: str | int


class OcelTimedValue(OcelValue):
    """What an object says of itself since a time."""

    time: datetime


class OcelRelationship(Shape):
    """An object that an event or object has to do with, and what."""

    objectId: str  # noqa: N815  # the standard's name
    qualifier: str


class OcelObject(Shape):
    """A process instance or a business thing."""

    id: str
    type: str
    attributes: list[OcelTimedValue]
    relationships: list[OcelRelationship]


class OcelEvent(Shape):
    """A completed activity or BPMN event."""

    id: str
    type: str
    time: datetime
    attributes: list[OcelValue]
    relationships: list[OcelRelationship]


class OcelOut(Shape):
    """An object-centric event log, OCEL 2.0 in JSON."""

    objectTypes: list[OcelType]  # noqa: N815  # the standard's name
    eventTypes: list[OcelType]  # noqa: N815  # the standard's name
    objects: list[OcelObject]
    events: list[OcelEvent]


@api.get("/<name>/mining", responses={200: MiningOut})
@operation(Role.READ, patience=REPORT)
def get_mining(path: BundlePath, query: MiningQuery) -> MiningOut:
    """Measure what happened: how often each step and flow was passed, how long it waited and was worked on, in seconds.

    A user task waits until it is claimed and is work from then on; events that catch wait; service tasks are work but for the pauses
    between attempts. At most the latest 10,000 instances that fit are looked at.
    """
    sample = mining.take_sample(transaction(), query.wanted(path.name))
    found = mining.mine(transaction(), sample)
    return MiningOut(
        sample=SampleOut(
            instances=len(sample.rows),
            capped=sample.more,
            running=sample.count("running"),
            completed=sample.count("completed"),
            cancelled=sample.count("cancelled"),
            versions=list(sample.versions),
        ),
        shown_version=sample.version,
        elements=list(found.elements),
        flows=list(found.flows),
        bottlenecks=list(found.bottlenecks),
    )


@api.get("/<name>/mining/variants", responses={200: Page[Variant]})
@operation(Role.READ)
def list_variants(path: BundlePath, query: VariantsQuery) -> Page[Variant]:
    """List the ways that instances took, the most frequent first, each with its share in percent and its latest instances.

    Steps of parallel branches are told in the order of the drawing, whichever was faster.
    """
    sample = mining.take_sample(transaction(), query.wanted(path.name))
    found = mining.list_variants(transaction(), sample)
    return listed(page_of(found, lambda each: (-each.instances, each.id), Asked(query.limit, query.cursor)))


@api.get("/<name>/ocel", responses={200: OcelOut})
@operation(Role.READ, patience=REPORT)
def get_ocel(path: BundlePath, query: MiningQuery) -> Response:
    """Export what happened as an object-centric event log (OCEL 2.0, https://www.ocel-standard.org), as pm4py opens it.

    Events are completed activities and BPMN events; objects are the instances, and the quotes, orders, shipments, invoices, customers and
    others that they name. A log of more than 10,000 instances or 100,000 events is refused (413): narrow the filter and take several.
    """
    log = json_text.encode(event_log(transaction(), query.wanted(path.name)))
    return Response(log, mimetype="application/json", headers={"Content-Disposition": f'attachment; filename="{path.name}.ocel.json"'})
