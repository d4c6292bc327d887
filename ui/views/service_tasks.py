"""The catalogue of service tasks: what a diagram may call, with what, and what comes of it."""

from flask import render_template, request

from engine.runtime.read.service_tasks import get_service_task, list_service_tasks
from ui.product import product


def show() -> str:
    """The catalogue, and one service task opened."""
    search, name = request.args.get("q", "").strip()[:200], request.args.get("name", "")[:200]
    tasks = product().runtime.service_tasks
    with product().database.transaction() as tx:
        found = list_service_tasks(tx, tasks, search)
        opened = next((entry for entry in found if entry.task.name == name), None)
        if name and opened is None:
            opened = get_service_task(tx, tasks, name)
    return render_template("service_tasks.html", found=found, opened=opened, search=search)
