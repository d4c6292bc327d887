"""What happened in the instances of a bundle: heat on the diagram, its steps in numbers, the ways taken, and two filters side by side."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from flask import Response, make_response, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from engine.iso8601 import read_day
from engine.lexical import MOST_INTEGER, read_count
from engine.mining.figures import ElementFigures
from engine.mining.ways import Variant
from engine.problems import Invalid, Problem
from engine.runtime.read import bundles as read
from engine.runtime.read import mining
from engine.store import json_text
from engine.store.paging import Asked, page_of
from engine.store.patience import REPORT
from handlers.event_log import event_log, keys_of_customer
from ui import heat
from ui.company_time import zone
from ui.csv_export import csv_response, tell_export
from ui.forms import NO_DAY
from ui.product import product
from ui.views.bundles import download

_REFUSED = 422
_MOST_OFFERED = 200
_WAYS_SHOWN = 10
#: The fields of a filter by their names in the address; those of the second filter begin with SECOND.
FIELDS: Final = ("process", "state", "from", "until", "key", "customer", "variable")
SECOND: Final = "b_"
_SORTS: Final[Mapping[str, Callable[[ElementFigures], float]]] = {
    "done": lambda each: each.done,
    "running": lambda each: each.running,
    "waited": lambda each: each.waited,
    "waiting_median": lambda each: each.waiting.median,
    "waiting_p90": lambda each: each.waiting.p90,
    "worked": lambda each: each.worked,
    "working_median": lambda each: each.working.median,
    "working_p90": lambda each: each.working.p90,
}
_COLUMNS: Final[Sequence[tuple[str, Callable[[ElementFigures], Any]]]] = (
    ("step", lambda each: each.name),
    ("element", lambda each: each.element_id),
    ("kind", lambda each: each.kind),
    ("lane", lambda each: each.lane),
    ("done", lambda each: each.done),
    ("cancelled", lambda each: each.cancelled),
    ("failed attempts", lambda each: each.failed),
    ("running now", lambda each: each.running),
    ("waited seconds", lambda each: each.waited),
    ("waiting median seconds", lambda each: each.waiting.median),
    ("waiting p90 seconds", lambda each: each.waiting.p90),
    ("worked seconds", lambda each: each.worked),
    ("working median seconds", lambda each: each.working.median),
    ("working p90 seconds", lambda each: each.working.p90),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Side:
    """One filter and what it found. `path` is the diagram it is painted on, `given` the filter as it stands in the form."""

    given: Mapping[str, Any]
    sample: mining.Sample
    mined: mining.Mined
    variants: Sequence[Variant]
    processes: Sequence[read.ProcessOfVersion]
    path: str

    @property
    def instances(self) -> int:
        """How many were looked at."""
        return len(self.sample.rows)

    @property
    def elements(self) -> list[ElementFigures]:
        """The steps of the diagram, and those that only other versions have."""
        return [each for each in self.mined.elements if each.path == self.path or not each.drawn]


@dataclass(frozen=True, slots=True)
class Pair:
    """A step of two filters, per instance: how often, and the seconds waited and worked. None where a side does not know the step."""

    element_id: str
    name: str
    kind: str
    old: tuple[float, float, float] | None
    new: tuple[float, float, float] | None

    def difference(self, column: int) -> float:
        """From the first to the second; a side that does not know the step has none of it."""
        return (self.new[column] if self.new else 0.0) - (self.old[column] if self.old else 0.0)


def show(bundle: str) -> AnyResponse:
    """The page; with `compare=1` two filters beside each other."""
    comparing = request.args.get("compare") == "1"
    prefixes = ("", SECOND) if comparing else ("",)
    problem: Problem | None = None
    sides: list[_Side] = []
    with product().database.transaction(REPORT) as tx:
        newest = read.get_version(tx, bundle, read.LATEST)
        versions = read.list_bundle_versions(tx, bundle, Asked(_MOST_OFFERED)).rows
        offered = read.processes_of(tx, [newest.id])[newest.id]
    try:
        with product().database.transaction(REPORT) as tx:
            sides = [_side(tx, bundle, prefix) for prefix in prefixes]
    except Invalid as refused:
        problem = refused
    page = {
        "bundle": newest,
        "title": next((each.name for each in offered if each.process_key == bundle), bundle),
        "versions": versions,
        "offered": offered,
        "prefixes": prefixes,
        "given": {prefix: _given(prefix) for prefix in prefixes},
        "comparing": comparing,
        "problem": problem,
        "measure": _one_of(heat.MEASURES, "measure"),
        "measures": heat.MEASURES,
        "link": _link,
        "most": mining.MOST_INSTANCES,
    }
    shown = _compared(sides) if len(sides) > 1 else _single(sides[0]) if sides else {}
    return make_response(render_template("mining.html", sides=sides, **page, **shown), _REFUSED if problem else 200)


def export(bundle: str) -> Response:
    """The steps as CSV, durations in seconds."""
    with product().database.transaction(REPORT) as tx:
        found = mining.mine(tx, mining.take_sample(tx, _wanted(tx, bundle, "")))
    rows = ([read_cell(each) for _, read_cell in _COLUMNS] for each in found.elements)
    return csv_response(f"{bundle}-what-happened", [name for name, _ in _COLUMNS], rows)


def export_log(bundle: str) -> Response:
    """The instances of the filter as an object-centric event log, OCEL 2.0."""
    with product().database.transaction(REPORT) as tx:
        log = json_text.encode(event_log(tx, _wanted(tx, bundle, "")))
    tell_export(f"{bundle}.ocel.json")
    return download(log, "application/json", f"{bundle}.ocel.json")


def _side(tx: Session, bundle: str, prefix: str) -> _Side:
    """What one filter finds. A constant number of statements. Raises Invalid for a filter that says nothing, NotFound."""
    wanted = _wanted(tx, bundle, prefix)
    sample = mining.take_sample(tx, wanted)
    processes = read.processes_of(tx, [sample.shown])[sample.shown]
    paths = {each.process_key: each.path for each in processes}
    chosen = (request.args.get("diagram", ""), wanted.process, bundle, *paths)
    path = next((paths[key] for key in chosen if key in paths), "")
    return _Side(_given(prefix), sample, mining.mine(tx, sample), mining.list_variants(tx, sample), processes, path)


def _single(side: _Side) -> dict[str, Any]:
    sort = request.args.get("sort", "")
    elements, column = side.elements, _SORTS.get(sort.removeprefix("-"))
    if column is not None:
        elements = sorted(elements, key=column, reverse=not sort.startswith("-"))
    ways = page_of(side.variants, lambda each: (-each.instances, each.id), _asked())
    scale = heat.scale_of([(side.elements, side.instances)])
    return {
        "scale": scale,
        "heats": [heat.island(scale, (side.elements, _flows(side)), side.instances, ways.rows)],
        "elements": elements,
        "sort": sort if column is not None else "",
        "ways": ways,
        "names": _names(side),
        "unlike": _unlike(ways.rows, side.variants[:1], _names(side)),
        "usual": side.variants[0].id if side.variants else "",
    }


def _compared(sides: Sequence[_Side]) -> dict[str, Any]:
    first, second = sides
    scale = heat.scale_of([(side.elements, side.instances) for side in sides], average=True)
    by_id = [{each.id: each for each in side.variants} for side in sides]
    merged = {each.id: each for side in (second, first) for each in side.variants}

    def together(each: Variant) -> tuple[int | str, ...]:
        return -sum(found[each.id].instances for found in by_id if each.id in found), each.id

    ranked = sorted(merged.values(), key=together)
    ways = page_of(ranked, together, _asked())
    names = {**_names(second), **_names(first)}
    return {
        "scale": scale,
        "heats": [heat.island(scale, (side.elements, _flows(side)), side.instances, ways.rows) for side in sides],
        "pairs": _pairs(first, second),
        "sort": request.args.get("sort", ""),
        "ways": ways,
        "ways_by_side": by_id,
        "names": names,
        "unlike": _unlike(ways.rows, ranked[:1], names),
        "usual": ranked[0].id if ranked else "",
    }


def _pairs(first: _Side, second: _Side) -> list[Pair]:
    """The steps of both, in the order of the first, or by the size of a difference."""
    old, new = ({each.element_id: each for each in side.elements} for side in (first, second))
    either = {**new, **old}
    found = [
        Pair(key, either[key].name, either[key].kind, _average(old.get(key), first), _average(new.get(key), second))
        for key in (*old, *(key for key in new if key not in old))
    ]
    columns = {"done": 0, "waited": 1, "worked": 2}
    sort = request.args.get("sort", "").removeprefix("-")
    if sort in columns:
        found.sort(key=lambda pair: abs(pair.difference(columns[sort])), reverse=not request.args["sort"].startswith("-"))
    return found


def _average(each: ElementFigures | None, side: _Side) -> tuple[float, float, float] | None:
    if each is None:
        return None
    by = max(side.instances, 1)
    return each.done / by, each.waited / by, each.worked / by


def _flows(side: _Side) -> list[Any]:
    return [flow for flow in side.mined.flows if flow.path == side.path]


def _names(side: _Side) -> dict[str, str]:
    """What each step is called, by the newest version that has it."""
    return {place.id: place.name for _, graph in sorted(side.sample.graphs.items()) for place in graph.values()}


def _unlike(shown: Iterable[Variant], most: Sequence[Variant], names: Mapping[str, str]) -> dict[str, tuple[list[str], list[str]]]:
    """What each way has more, and what less, than the most frequent one; a step that comes again is told once."""
    usual = Counter(step for each in most for step in each.steps)

    def told(steps: Counter[str]) -> list[str]:
        return [names.get(step, step) for step in steps]

    return {each.id: (told(Counter(each.steps) - usual), told(usual - Counter(each.steps))) for each in shown}


def _wanted(tx: Session, bundle: str, prefix: str) -> mining.Wanted:
    """The filter of the address. Raises Invalid with the errors by field."""
    given, errors = _given(prefix), dict[str, list[str]]()
    begin = _day(given["from"], f"{prefix}from", errors)
    until = _day(given["until"], f"{prefix}until", errors, after=1)
    if given["variable"] and not given["variable"].partition("=")[1]:
        errors[f"{prefix}variable"] = ["reads name=value"]
    numbers = [read_count(number) for number in given["version"]]
    if any(number is None or number > MOST_INTEGER for number in numbers):
        errors[f"{prefix}version"] = ["is no version"]
    if errors:
        raise Invalid("The filter cannot be read.", code="filter", next_step="Correct the marked fields.", errors=errors)
    return mining.Wanted(
        bundle=bundle,
        process=given["process"],
        versions=tuple(sorted({number for number in numbers if number is not None})),
        state=given["state"],
        started_from=begin,
        started_before=until,
        business_key=given["key"],
        variable=given["variable"],
        business_keys=keys_of_customer(tx, given["customer"]) if given["customer"] else None,
    )


def _given(prefix: str) -> dict[str, Any]:
    """A filter as it stands in the address."""
    fields: dict[str, Any] = {name: request.args.get(prefix + name, "").strip()[:400] for name in FIELDS}
    return {**fields, "version": [each[:20] for each in request.args.getlist(f"{prefix}version")]}


def _day(text: str, name: str, errors: dict[str, list[str]], after: int = 0) -> datetime | None:
    """The beginning of a day in the company's time zone, or of one some days after."""
    if not text:
        return None
    day = read_day(text)
    if day is None or day == date.max:
        errors[name] = [NO_DAY]
        return None
    return datetime.combine(day + timedelta(days=after), time(), zone())


def _asked() -> Asked:
    return Asked(_WAYS_SHOWN, request.args.get("cursor") or None)


def _one_of(names: Iterable[str], parameter: str) -> str:
    known = list(names)
    return request.args[parameter] if request.args.get(parameter) in known else known[0]


def _link(endpoint: str = "show", **changes: Any) -> str:
    """This page's address with some parameters changed; None takes one out. Another page of a list is for these rows only."""
    kept = {name: values for name, values in request.args.lists() if name not in {"cursor", *changes}}
    changed = {name: value for name, value in changes.items() if value not in (None, "")}
    return url_for(f"ui.mining_{endpoint}", bundle=(request.view_args or {})["bundle"], **{**kept, **changed})
