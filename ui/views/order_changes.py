"""An order is changed: what is wanted is typed, what it comes to is shown with its cost, and only then it is asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.lexical import read_count
from engine.problems import Invalid, Problem
from handlers.orders.change_orders import Assessment, told
from handlers.orders.change_requests import ChangeDraft, LineChange, preview_change, refuse_impossible, request_change
from handlers.orders.story import order_story
from handlers.parties.master_data import ADDRESS_PARTS
from ui.forms import read_form
from ui.product import ORDER, needs, person, product

_REFUSED = 422
_NEW_LINES = 3


@dataclass(frozen=True, slots=True)
class _Typed:
    """What may be typed of a line."""

    qty: Decimal | None = None
    unit_price: Decimal | None = None
    requested: date | None = None
    sku: str = ""


@needs(ORDER)
def show_change(order_no: str) -> str:
    """What of an order is to be changed."""
    return _form(order_no, {}, None, None)


@needs(ORDER)
def change_order(order_no: str) -> AnyResponse:
    """Show what the change comes to; asked for again with `act=ask`, ask for it."""
    typed = dict(request.form)
    try:
        draft = _read(order_no)
        with product().database.transaction() as tx:
            found = preview_change(tx, draft)
        if request.form.get("act") != "ask":
            return make_response(_form(order_no, typed, None, found))
        refuse_impossible(found)
        product().database.run(lambda tx: request_change(product().runtime, tx, draft))
    except Problem as problem:
        return make_response(_form(order_no, typed, problem, None), _REFUSED)
    return redirect(f"/orders/{order_no}?done=change_asked", 303)


def _read(order_no: str) -> ChangeDraft:
    """What was typed; what is left as it is says nothing. Raises Invalid with the errors by field as the form names them."""
    errors: dict[str, list[str]] = {}
    lines = [line for line in _lines(errors) if line is not None]
    requested = _typed("", errors, ["requested"]).get("requested")
    if errors:
        raise Invalid("Some fields cannot be read.", code="form_invalid", next_step="Correct the marked fields.", errors=errors)
    given = {part: request.form[f"ship_to.{part}"] for part in ADDRESS_PARTS if f"ship_to.{part}" in request.form}
    return ChangeDraft(
        order_no=order_no,
        lines=lines,
        ship_to=given or None,
        requested=requested,
        reason=request.form.get("reason", "").strip()[:2000],
        channel="PAGE",
        requested_by=person().name,
    )


def _lines(errors: dict[str, list[str]]) -> Iterator[LineChange | None]:
    for name in request.form:
        number = name.removeprefix("qty.")
        line_no = read_count(number) if name.startswith("qty.") else None
        if line_no is not None:
            typed = _typed(f".{number}", errors, ["qty", "unit_price", "requested"])
            yield LineChange(line_no=line_no, remove=request.form.get(f"off.{number}") == "on", **_without_blanks(typed))
    for place in range(_NEW_LINES):
        typed = _typed(f".new{place}", errors, ["sku", "qty", "unit_price"])
        if typed.get("sku") or typed.get("qty") is not None:
            yield LineChange(add=True, **_without_blanks(typed))


def _typed(suffix: str, errors: dict[str, list[str]], names: list[str]) -> dict[str, Any]:
    try:
        return read_form(_Typed, {name: request.form.get(f"{name}{suffix}", "") for name in names}, names)
    except Invalid as problem:
        errors.update({f"{name}{suffix}": texts for name, texts in problem.errors.items()})
        return {}


def _without_blanks(typed: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in typed.items() if value not in (None, "")}


def _form(order_no: str, values: dict[str, Any], problem: Problem | None, found: Assessment | None) -> str:
    with product().database.transaction() as tx:
        story = order_story(tx, order_no)
    lines = [line for line in story.lines if line["qty_ordered"] > line["qty_cancelled"]]
    errors = {_as_typed(name, len(lines)): texts for name, texts in problem.errors.items()} if problem else {}
    judged = [(told(each.delta), each) for each in found.judged] if found else []
    shown = {"order": story.order, "lines": lines, "values": values, "problem": problem, "errors": errors, "found": found}
    return render_template("order_change.html", judged=judged, new_lines=range(_NEW_LINES), address_parts=_ADDRESS, **shown)


_ADDRESS = (
    ("name", "Name"),
    ("street", "Street"),
    ("postal_code", "Postal code"),
    ("city", "City"),
    ("region", "Region"),
    ("country", "Country"),
)


def _as_typed(name: str, of_order: int) -> str:
    """A refusal counts the lines that were sent; the form names them by their number, and the new ones by their place."""
    place, _, field = name.removeprefix("lines.").partition(".")
    if not name.startswith("lines.") or not place.isdigit():
        return name
    given = [each.removeprefix("qty.") for each in request.form if each.startswith("qty.")]
    numbers = [each for each in given if read_count(each) is not None]
    if int(place) < len(numbers):
        return f"{field}.{numbers[int(place)]}"
    filled = [new for new in range(_NEW_LINES) if request.form.get(f"sku.new{new}") or request.form.get(f"qty.new{new}")]
    after = int(place) - len(numbers)
    return f"{field}.new{filled[after]}" if after < len(filled) else f"{field}.{of_order}"
