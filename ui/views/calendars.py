"""Business calendars: the list, one with its week and the days that are otherwise, and what a duration comes to in it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from flask import make_response, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from engine.feel import as_duration
from engine.lexical import read_count
from engine.problems import Problem
from engine.runtime.read import calendars as read
from engine.runtime.read.acts import ActFilter, list_acts
from engine.runtime.verbs import calendars
from engine.runtime.verbs.calendars import WEEKDAYS
from engine.store.clock import business_now, business_today
from engine.store.paging import Asked
from handlers.changes import Author
from handlers.inventory import supply
from handlers.inventory.views import list_warehouses
from ui.forms import day_of
from ui.product import ADMINISTER, SHIP, needs, person, product
from ui.records import TABS

_REFUSED: Final = 422
_BASE: Final = "/master-data/calendars"
_PLAIN: Final = ("name", "time_zone", "country", "region")
#: What a page shows as examples: a due time of every other diagram, and a day.
_EXAMPLES: Final = ("PT4H", "PT8H", "P1D", "P2D")


def show_list() -> str:
    """Every calendar."""
    with product().database.transaction() as tx:
        return _listed(tx)


@needs(SHIP)
def ship_by() -> AnyResponse:
    """Say on whose days a warehouse ships."""
    code, calendar = (request.form.get(name, "").strip()[:60] for name in ("warehouse", "calendar"))
    try:
        product().database.run(lambda tx: supply.ship_by(tx, code, calendar or None, Author(person().name)))
    except Problem as problem:
        with product().database.transaction() as tx:
            return make_response(_listed(tx, problem), _REFUSED)
    return redirect(f"{_BASE}?done=changed", 303)


def _listed(tx: Session, problem: Problem | None = None) -> str:
    roles = person().roles
    given = {"tabs": TABS, "weekdays": WEEKDAYS, "may_keep": ADMINISTER in roles, "may_ship": SHIP in roles, "problem": problem}
    given |= {"warehouses": list_warehouses(tx), "done": request.args.get("done", "")}
    return render_template("calendars.html", found=read.list_calendars(tx), **given)


@needs(ADMINISTER)
def show_new() -> str:
    """An empty form, with the week that most have."""
    week = dict.fromkeys(WEEKDAYS[:5], "08:00-12:00, 13:00-17:00")
    with product().database.transaction() as tx:
        standard = not any(row.standard for row in read.list_calendars(tx))
    return _page(None, {**week, "time_zone": str(product().runtime.time_zone), "standard": standard})


def show(code: str) -> str:
    """One calendar."""
    return _page(code, {})


@needs(ADMINISTER)
def add() -> AnyResponse:
    """Add a calendar."""
    return _saved(request.form.get("code", "").strip(), None)


@needs(ADMINISTER)
def change(code: str) -> AnyResponse:
    """Change one; where somebody was faster, nothing changes and the page says so."""
    seen = request.form.get("version", "")
    return _saved(code, read_count(seen) or 0)


@needs(ADMINISTER)
def set_day(code: str) -> AnyResponse:
    """Say how is worked on a day, or that it is as its weekday again."""
    try:
        day = day_of(request.form.get("day", ""), "day")
        if request.form.get("remove"):
            product().database.run(lambda tx: calendars.remove_day(product().runtime, tx, code, day, person()))
        else:
            draft = calendars.DayDraft(day=day, hours=request.form.get("hours", "").strip()[:200], note=request.form.get("note", ""))
            product().database.run(lambda tx: calendars.set_day(product().runtime, tx, code, draft, person()))
    except Problem as problem:
        return make_response(_page(code, {}, day_problem=problem), _REFUSED)
    return redirect(f"{_BASE}/{code}?done=changed", 303)


def _saved(code: str, version: int | None) -> AnyResponse:
    given = {name: request.form.get(name, "").strip()[:200] for name in (*_PLAIN, *WEEKDAYS)}
    standard = request.form.get("standard") == "on"
    draft = calendars.CalendarDraft(
        code=code, week=[given[name] for name in WEEKDAYS], standard=standard, **{name: given[name] for name in _PLAIN}
    )
    try:
        product().database.run(lambda tx: calendars.save_calendar(product().runtime, tx, draft, person(), version))
    except Problem as problem:
        typed = {**given, "code": code, "standard": standard}
        return make_response(_page(None if version is None else code, typed, problem), _REFUSED)
    return redirect(f"{_BASE}/{code}?done={'added' if version is None else 'changed'}", 303)


def _page(code: str | None, typed: Mapping[str, Any], problem: Problem | None = None, day_problem: Problem | None = None) -> str:
    shown, examples, acts = None, list[Any](), list[Any]()
    with product().database.transaction() as tx:
        if code is not None:
            shown = read.show_calendar(tx, code, business_today(tx))
            working = product().runtime.calendars.named(tx, code)
            now = business_now(tx)
            if working is not None:
                examples = [(each, working.after(now, as_duration(each))) for each in _EXAMPLES]
            acts = [*list_acts(tx, ActFilter(target=f"calendar:{code}"), Asked(20)).rows]
    row = shown.row if shown else None
    kept = {} if row is None else {name: getattr(row, name) for name in (*_PLAIN, "standard")} | dict(zip(WEEKDAYS, row.week, strict=True))
    context: dict[str, Any] = {
        "code": code,
        "shown": shown,
        "values": {**kept, **typed},
        "examples": examples,
        "acts": acts,
        "weekdays": WEEKDAYS,
        "problem": problem,
        "errors": problem.errors if problem else {},
        "day_problem": day_problem,
        "day_errors": day_problem.errors if day_problem else {},
        "may_keep": ADMINISTER in person().roles,
        "done": request.args.get("done", ""),
    }
    return render_template("calendar.html", **context)


ROUTES: Sequence[tuple[str, Callable[..., Any], list[str]]] = (
    (_BASE, show_list, ["GET"]),
    (_BASE, add, ["POST"]),
    (f"{_BASE}/new", show_new, ["GET"]),
    (f"{_BASE}/warehouses", ship_by, ["POST"]),
    (f"{_BASE}/<code>", show, ["GET"]),
    (f"{_BASE}/<code>", change, ["POST"]),
    (f"{_BASE}/<code>/days", set_day, ["POST"]),
)
