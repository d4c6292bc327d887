"""Waves: the list, and one with its groups, where all of them are packed and handed over in one act."""

from collections.abc import Sequence

from flask import Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Problem
from handlers.fulfillment import wave_acts, wave_views
from handlers.fulfillment.wave_acts import GroupResult
from ui.product import SHIP, asked, needs, person, product

_REFUSED = 422


def show_list() -> str:
    """The waves, the latest first."""
    return _list(None)


@needs(SHIP)
def begin() -> AnyResponse:
    """Have what waits gathered now."""
    try:
        product().database.run(lambda tx: wave_acts.begin_run(product().runtime, tx, person().name))
    except Problem as problem:
        return make_response(_list(problem), _REFUSED)
    return redirect("/fulfillment/waves?done=gathering", 303)


def show_wave(number: str) -> str:
    """Where its groups are."""
    return _wave(number, None, ())


@needs(SHIP)
def pack(number: str) -> AnyResponse:
    """Pack the chosen groups, the one that was scanned, or all; a file says what was packed otherwise."""
    file = request.files.get("file")
    data = file.read() if file else b""
    scanned = request.form.get("scanned", "").strip()[:40]
    chosen = [scanned] if scanned else request.form.getlist("group")
    try:
        otherwise = wave_acts.read_packed(data) if data else []
        results = wave_acts.pack(product().runtime, number, chosen, otherwise, person())
    except Problem as problem:
        return make_response(_wave(number, problem, ()), _REFUSED)
    return make_response(_wave(number, None, results))


@needs(SHIP)
def hand_over(number: str) -> AnyResponse:
    """The carrier has what is ready."""
    try:
        results = wave_acts.hand_over(product().runtime, number, request.form.getlist("group"), person())
    except Problem as problem:
        return make_response(_wave(number, problem, ()), _REFUSED)
    return make_response(_wave(number, None, results))


@needs(SHIP)
def print_pick_list(number: str) -> Response:
    """What is to be picked, as PDF."""
    with product().database.transaction() as tx:
        return Response(wave_views.print_pick_list(tx, number), mimetype="application/pdf")


@needs(SHIP)
def print_papers(number: str) -> Response:
    """Labels and delivery notes, as one PDF."""
    with product().database.transaction() as tx:
        return Response(wave_views.print_parcel_papers(tx, number), mimetype="application/pdf")


def _list(problem: Problem | None) -> str:
    with product().database.transaction() as tx:
        found = wave_views.list_waves(tx, asked())
    done = request.args.get("done", "")
    return render_template("waves.html", found=found, problem=problem, may_ship=SHIP in person().roles, done=done)


def _wave(number: str, problem: Problem | None, results: Sequence[GroupResult]) -> str:
    with product().database.transaction() as tx:
        shown = wave_views.read_wave(tx, number)
    said = {each.group_no: each for each in results}
    return render_template("wave.html", wave=shown, problem=problem, results=said, may_ship=SHIP in person().roles)
