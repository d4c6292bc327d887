"""Today: what needs me, what is stuck, and the figures of the day."""

from typing import Any

from flask import render_template
from sqlalchemy.orm import Session

from engine.runtime.read import lists, worklist
from engine.runtime.read.task_queues import count_by_group
from engine.store.paging import MOST, Asked, many
from handlers.orders import views as orders
from handlers.reporting import kpi
from handlers.reporting.kpis import of_groups
from ui import charts
from ui.figures import figures_shown
from ui.formats import words
from ui.product import person, product

_TASKS_SHOWN = 8
_CAUSES_SHOWN = 6
_DAYS = 14
_STATUS_DAYS = 90
_FIGURES_SHOWN = 9


def show() -> str:
    """The first page."""
    with product().database.transaction() as tx:
        tasks = worklist.list_tasks(tx, person(), worklist.Filter(), Asked(_TASKS_SHOWN), count=True)
        return render_template(
            "today.html",
            tasks=tasks,
            shown=tasks.rows,
            counts=worklist.count_tasks(tx, person()),
            causes=lists.list_causes(tx, _CAUSES_SHOWN),
            states=lists.count_states(tx),
            statuses=orders.count_by_status(tx, _STATUS_DAYS),
            status_days=_STATUS_DAYS,
            most=MOST,
            **_figures(tx),
        )


def _figures(tx: Session) -> dict[str, Any]:
    days = orders.orders_by_day(tx, _DAYS)
    groups = count_by_group(tx)
    return {
        "received": sum(count for _, count in days),
        "received_bars": charts.columns([(f"{day.day} {day:%b}", count, many(count)) for day, count in days]),
        "figures": figures_shown(kpi.figures(tx, of_groups(person().groups)[:_FIGURES_SHOWN]), tx),
        "groups": groups,
        "group_bars": charts.rows(
            [
                (words(row.grp), row.open, many(row.open) + (f", {many(row.late)} late" if row.late else ""), "warn" if row.late else "")
                for row in groups
            ]
        ),
    }
