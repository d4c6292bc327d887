"""External tasks: what waits for workers outside, by topic, and giving one back that its worker keeps too long."""

from uuid import UUID

from flask import redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from engine.runtime.read.external_tasks import Filter, list_external_tasks, list_topics
from engine.runtime.state import audit
from engine.runtime.verbs import external_tasks
from ui.product import OPERATE, asked, needs, person, product

PAGE = "/operations/external-tasks"


def show() -> str:
    """The topics, and the tasks that wait, the oldest first."""
    wanted = Filter(**{name: request.args.get(name, "").strip()[:200] for name in ("topic", "worker", "process")})
    with product().database.transaction() as tx:
        found, topics = list_external_tasks(tx, wanted, asked(), count=True), list_topics(tx)
    return render_template("external_tasks.html", found=found, topics=topics, wanted=wanted, may_operate=OPERATE in person().roles)


@needs(OPERATE)
def unlock(task_id: UUID) -> AnyResponse:
    """Take a task away from whoever has it."""
    product().database.run(lambda tx: _unlock(tx, task_id))
    return redirect(PAGE, code=303)


def _unlock(tx: Session, task_id: UUID) -> None:
    external_tasks.unlock(tx, person(), task_id)
    audit.record(tx, audit.Entry(person().name, "unlock", f"external_task:{task_id}"))
