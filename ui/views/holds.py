"""The holds that are on orders now, by owner, and the catalogue that says what each kind of hold does."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from flask import Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.lexical import read_count
from engine.problems import Problem
from engine.store.paging import MOST_IN_A_FILE, Asked
from handlers.orders.hold_kinds import catalogue, keep_kind, version_of
from handlers.orders.hold_rules import STAGES, HoldKind
from handlers.orders.hold_views import HoldFilter, list_holds
from ui.csv_export import csv_response
from ui.product import ADMINISTER, SCREEN, asked, needs, person, product

_REFUSED: Final = 422
_BASE: Final = "/orders/hold-kinds"


def show_list() -> str:
    """Every hold that is on an order."""
    with product().database.transaction() as tx:
        found, kinds = list_holds(tx, _wanted(), asked(), count=True), catalogue(tx)
    owners = sorted({kind.release_group for kind in kinds.values()})
    return render_template("holds.html", found=found, wanted=_wanted(), kinds=kinds, owners=owners, may_screen=SCREEN in person().roles)


def export() -> Response:
    """The filtered list as a file."""
    with product().database.transaction() as tx:
        rows = list_holds(tx, _wanted(), Asked(MOST_IN_A_FILE)).rows
    head = ("Order", "Customer", "Hold", "Stops", "Taken off by", "Why", "Put on by", "Put on at", "Ends at")
    names = ("order_no", "customer_name", "hold_code", "blocks", "release_group", "reason", "applied_by", "applied_at", "until")
    return csv_response("holds", head, ([getattr(row, name) or "" for name in names] for row in rows))


def show_kinds() -> str:
    """The catalogue."""
    with product().database.transaction() as tx:
        kinds = catalogue(tx)
    return render_template("hold_kinds.html", kinds=kinds, may_keep=ADMINISTER in person().roles, may_screen=SCREEN in person().roles)


@needs(ADMINISTER)
def show_kind(hold_code: str) -> str:
    """One kind of hold, to be changed; `new` for one of the company's own."""
    return _page(hold_code, {}, None)


@needs(ADMINISTER)
def keep(hold_code: str) -> AnyResponse:
    """Change a kind of hold, or add one."""
    given = request.form
    try:
        kind = HoldKind(
            code=given.get("code", "") if hold_code == "new" else hold_code,
            sentence=given.get("sentence", "")[:200],
            blocks=given.get("blocks", ""),
            applied_by=tuple(given.getlist("applied_by")),
            release_group=given.get("release_group", ""),
            by_another=given.get("by_another") == "on",
            ends_after_days=_days(given.get("ends_after_days", "")) if given.get("ends_after_days", "").strip() else None,
            ask_again_days=_days(given.get("ask_again_days", "")),
            has_task=given.get("has_task") == "on",
        )
        groups, seen = product().groups or (), _days(given.get("version", ""))
        product().database.run(lambda tx: keep_kind(tx, kind, seen=seen, actor=person().name, groups=groups))
    except Problem as problem:
        return make_response(_page(hold_code, given.to_dict() | {"applied_by": given.getlist("applied_by")}, problem), _REFUSED)
    return redirect(f"{_BASE}?done=changed", 303)


def _page(hold_code: str, typed: dict[str, Any], problem: Problem | None) -> str:
    new = HoldKind(code="", sentence="", blocks="release", release_group="order-desk")
    with product().database.transaction() as tx:
        kind, version = catalogue(tx).get(hold_code, new), version_of(tx, hold_code)
    kept = {name: getattr(kind, name) for name in HoldKind.__dataclass_fields__}
    return render_template(
        "hold_kind.html",
        kind=kind,
        version=version,
        values=kept | typed,
        stages=STAGES,
        all_groups=sorted(product().groups or ()),
        problem=problem,
        errors=problem.errors if problem else {},
    )


def _days(written: str) -> int:
    """The number that was typed; 0, which is none of the numbers of days, for anything else."""
    return read_count(written.strip()) or 0


def _wanted() -> HoldFilter:
    return HoldFilter(owner=request.args.get("owner", "")[:40], kind=request.args.get("kind", "")[:40])


ROUTES: Sequence[tuple[str, Callable[..., Any], list[str]]] = (
    ("/orders/holds", show_list, ["GET"]),
    ("/orders/holds.csv", export, ["GET"]),
    (_BASE, show_kinds, ["GET"]),
    (f"{_BASE}/<hold_code>", show_kind, ["GET"]),
    (f"{_BASE}/<hold_code>", keep, ["POST"]),
)
