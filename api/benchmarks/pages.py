"""Measures what an analyst waits for: the modeler, in a real browser, and the answer of the check."""

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from threading import Thread
from time import perf_counter
from typing import TYPE_CHECKING, Final

from api.listening import take_address
from api.product import Product
from api.server import Server
from engine.problems import Conflict
from engine.runtime.read.drafts import read_file
from engine.runtime.verbs import drafts
from engine.runtime.verbs.drafts import Saving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

#: The analyst of the demo, who may change drafts.
_ANALYST: Final = "ravi"
_READY: Final = "diagram-editor[data-ready=true]"
_ROW: Final = 12
_PATIENCE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class PageTook:
    """What opening a diagram took, in milliseconds: in a browser that has seen nothing yet, and again; `check_ms` is the server's check."""

    elements: int
    cold_ms: float
    warm_ms: float
    check_ms: float


def run(browser: "Browser", product: Product, sizes: tuple[int, ...], rounds: int) -> list[PageTook]:
    """Open a diagram of each size and have it checked, so many times; the medians. The product is a demo with its people."""
    with _served(product) as url:
        for size in sizes:
            _draft(product, size)
        return [_measured(browser, url, size, rounds) for size in sizes]


def diagram_of(elements: int) -> bytes:
    """A process of so many elements in rows: a start, user tasks one after the other, an end."""
    names = ["begin", *(f"step_{number}" for number in range(1, elements - 1)), "done"]
    flows = list(pairwise(names))
    inside = "".join(map(_element, names)) + "".join(
        f'<bpmn:sequenceFlow id="{one}_to_{other}" sourceRef="{one}" targetRef="{other}"/>' for one, other in flows
    )
    shapes = "".join(_shape(name, number) for number, name in enumerate(names))
    edges = "".join(_edge(pair, number) for number, pair in enumerate(flows))
    return _DIAGRAM.format(key=_key(elements), inside=inside, drawn=shapes + edges).encode()


def _measured(browser: "Browser", url: str, size: int, rounds: int) -> PageTook:
    cold, warm, checked = [], [], []
    for _ in range(rounds):
        context = browser.new_context()
        try:
            context.request.post(f"{url}/login", form={"persona": _ANALYST})
            cold.append(_opened(context, url, size))
            warm.append(_opened(context, url, size))
            checked.append(_checked(context, url, size))
        finally:
            context.close()
    return PageTook(size, *(round(statistics.median(each), 1) for each in (cold, warm, checked)))


def _opened(context: "BrowserContext", url: str, size: int) -> float:
    page = context.new_page()

    def open_() -> None:
        page.goto(f"{url}/processes/{_key(size)}/draft/{_key(size)}.bpmn", wait_until="commit")
        page.wait_for_selector(_READY, state="attached", timeout=_PATIENCE_MS)

    took = _timed(open_)
    page.close()
    return took


def _checked(context: "BrowserContext", url: str, size: int) -> float:
    """The check of a changed diagram, as the modeler asks for it."""
    token = context.request.get(f"{url}/api/v1/me").json()["csrf_token"]
    changed = diagram_of(size).replace(b'name="step_1"', f'name="step {perf_counter()}"'.encode())

    def check() -> None:
        address = f"{url}/api/v1/drafts/{_key(size)}/check?path={_key(size)}.bpmn"
        headers = {"X-CSRF-Token": token, "Content-Type": "application/octet-stream"}
        answer = context.request.post(address, data=changed, headers=headers)
        if not answer.ok:
            raise Conflict(
                f"The check answers {answer.status}: {answer.text()[:200]}", code="benchmark_stuck", next_step="Look at the log."
            )

    return _timed(check)


def _timed(act: Callable[[], None]) -> float:
    began = perf_counter()
    act()
    return (perf_counter() - began) * 1000


def _draft(product: Product, size: int) -> None:
    key = _key(size)
    path = f"{key}.bpmn"
    with product.database.transaction() as tx:
        drafts.begin(tx, key, _ANALYST, empty=True)
        drafts.save(tx, key, Saving(path, diagram_of(size), read_file(tx, key, path).revision, _ANALYST))


@contextmanager
def _served(product: Product) -> Iterator[str]:
    """The whole product as it is served, on a free port of the loopback."""
    server = Server(product, take_address("127.0.0.1", 0))
    thread = Thread(target=server.run)
    thread.start()
    try:
        yield server.address
    finally:
        server.stop()
        thread.join()


def _key(elements: int) -> str:
    return f"bench-{elements}"


def _element(name: str) -> str:
    if name in {"begin", "done"}:
        tag = "startEvent" if name == "begin" else "endEvent"
        return f'<bpmn:{tag} id="{name}" name="{name}"/>'
    settings = '<spiffworkflow:property name="candidateGroups" value="sales"/><spiffworkflow:property name="dueIn" value="PT4H"/>'
    extensions = f"<bpmn:extensionElements><spiffworkflow:properties>{settings}</spiffworkflow:properties></bpmn:extensionElements>"
    return f'<bpmn:userTask id="{name}" name="{name}">{extensions}</bpmn:userTask>'


def _place(number: int) -> tuple[int, int]:
    """The middle of an element: in rows from left to right."""
    return 160 + number % _ROW * 160, 120 + number // _ROW * 140


def _shape(name: str, number: int) -> str:
    x, y = _place(number)
    width, height = (36, 36) if name in {"begin", "done"} else (100, 80)
    bounds = f'<dc:Bounds x="{x - width // 2}" y="{y - height // 2}" width="{width}" height="{height}"/>'
    return f'<bpmndi:BPMNShape id="{name}_shape" bpmnElement="{name}">{bounds}</bpmndi:BPMNShape>'


def _edge(pair: tuple[str, str], number: int) -> str:
    name = "_to_".join(pair)
    points = "".join(f'<di:waypoint x="{x}" y="{y}"/>' for x, y in (_place(number), _place(number + 1)))
    return f'<bpmndi:BPMNEdge id="{name}_edge" bpmnElement="{name}">{points}</bpmndi:BPMNEdge>'


_DIAGRAM: Final = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" \
xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI" \
xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="definitions" targetNamespace="https://ordercraft.example/bench">
<bpmn:process id="{key}" name="{key}" isExecutable="true">{inside}</bpmn:process>
<bpmndi:BPMNDiagram id="picture"><bpmndi:BPMNPlane id="plane" bpmnElement="{key}">{drawn}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
</bpmn:definitions>
"""
