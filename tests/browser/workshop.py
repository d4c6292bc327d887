"""The whole product served on the loopback, with its API, for the pages on which analysts work."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from flask import Flask
from lxml import etree
from playwright.sync_api import Page

from api.auth.accounts import NewAccount, add_account
from api.auth.roles import GROUPS
from api.bootstrap import ports
from api.demo.people import PEOPLE
from api.product import Product
from api.settings import Settings
from engine.jobs.null_dispatcher import NullDispatcher
from engine.models.bundle import Bundle
from engine.models.trees import tag_of
from engine.models.vocabulary import BPMN, EVENTS, FLOW_NODES, GATEWAYS
from engine.runtime.read import drafts as read
from engine.runtime.state.limits import Limits
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import deploy, drafts
from engine.store.unit_of_work import Database
from handlers.registry import service_tasks
from tests.applications import application_of
from tests.browser.served import Address
from tests.waiting import until


def drawn(bundle: Bundle) -> Bundle:
    """A tiny model with a picture: its steps in a row, its flows as straight lines."""
    return Bundle(bundle.name, {path: _drawn(content) if path.endswith(".bpmn") else content for path, content in bundle.files.items()})


def _drawn(content: bytes) -> bytes:
    root = etree.fromstring(content)
    [process] = root.iterfind(f"{{{BPMN}}}process")
    nodes = [each for each in process if each.get("id") and tag_of(each) in FLOW_NODES]
    places = {each.get("id"): (200 + 160 * number, 200, *_size(each)) for number, each in enumerate(nodes)}
    shapes = [
        f'<bpmndi:BPMNShape id="{name}_shape" bpmnElement="{name}">'
        f'<dc:Bounds x="{x}" y="{y - h // 2}" width="{w}" height="{h}"/></bpmndi:BPMNShape>'
        for name, (x, y, w, h) in places.items()
    ]
    for flow in process.iterfind(f"{{{BPMN}}}sequenceFlow"):
        (x, y, width, _), (to_x, to_y, _, _) = places[flow.get("sourceRef")], places[flow.get("targetRef")]
        points = f'<di:waypoint x="{x + width}" y="{y}"/><di:waypoint x="{to_x}" y="{to_y}"/>'
        shapes.append(f'<bpmndi:BPMNEdge id="{flow.get("id")}_edge" bpmnElement="{flow.get("id")}">{points}</bpmndi:BPMNEdge>')
    plane = f'<bpmndi:BPMNPlane id="plane" bpmnElement="{process.get("id")}">{"".join(shapes)}</bpmndi:BPMNPlane>'
    picture = f'<bpmndi:BPMNDiagram {_SPACES} id="picture">{plane}</bpmndi:BPMNDiagram></bpmn:definitions>'
    return content.replace(b"</bpmn:definitions>", picture.encode())


def _size(element: etree._Element) -> tuple[int, int]:
    tag = tag_of(element)
    return (36, 36) if tag in EVENTS else (50, 50) if tag in GATEWAYS else (100, 80)


_SPACES = (
    'xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" '
    'xmlns:di="http://www.omg.org/spec/DD/20100524/DI"'
)


_LIMITS = Limits()
NOTHING: Final[Mapping[Any, object]] = MappingProxyType({})


@dataclass
class Workshop:
    """A served installation; `ravi` may deploy, `sara` may not."""

    url: str
    runtime: Runtime
    application: Flask

    @property
    def database(self) -> Database:
        return self.runtime.database

    def sign_in(self, page: Page, name: str = "ravi") -> None:
        page.context.request.post(f"{self.url}/login", form={"persona": name})

    def deploy(self, bundle: Bundle) -> None:
        with self.database.transaction() as tx:
            deploy.deploy(self.runtime, tx, bundle, "edith")

    def draft(self, bundle: Bundle) -> None:
        """A draft that holds exactly these files."""
        with self.database.transaction() as tx:
            drafts.begin(tx, bundle.name, "ravi", empty=True)
            for path, content in bundle.files.items():
                self._save(tx, bundle.name, path, content, "ravi")

    def save(self, bundle: str, path: str, content: bytes, actor: str = "edith") -> None:
        """Somebody saves a file of a draft behind the browser's back."""
        with self.database.transaction() as tx:
            self._save(tx, bundle, path, content, actor)

    def saved(self, bundle: str, path: str) -> bytes:
        with self.database.transaction() as tx:
            return read.read_file(tx, bundle, path).content

    def saved_with(self, bundle: str, path: str, *pieces: bytes) -> bytes:
        """The file once it holds every piece: a page that saves by itself may first save what was changed before."""
        until(lambda: all(piece in self.saved(bundle, path) for piece in pieces), lambda: self.saved(bundle, path).decode())
        return self.saved(bundle, path)

    def _save(self, tx, bundle: str, path: str, content: bytes, actor: str) -> None:
        there = {file.path: file.revision for file in read.show_draft(tx, bundle).files if file.state != "removed"}
        drafts.save(tx, bundle, drafts.Saving(path, content, there.get(path), actor))


@contextmanager
def serve_workshop(
    database: Database,
    address: Address,
    people: Sequence[NewAccount] = PEOPLE,
    limits: Limits = _LIMITS,
    outside: Mapping[Any, object] = NOTHING,
) -> Iterator[Workshop]:
    """`outside` are ports in place of those that work without any outside system."""
    bound = {**ports(), **outside}
    runtime = Runtime(database=database, service_tasks=service_tasks(), ports=bound, dispatcher=NullDispatcher(), limits=limits)
    with database.transaction() as tx:
        for person in people:
            add_account(tx, person)
    application = application_of(Product(Settings(), database, runtime, demo=True, groups=GROUPS))
    with address.serving(application) as url:
        yield Workshop(url, runtime, application)
