"""Who approved: the forms say what was decided, the engine's user tasks say by whom."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.service_tasks import TaskContext
from handlers.quoting.life import Decision


def decisions(tx: Session, forms: Sequence[Mapping[str, Any]], context: TaskContext) -> list[Decision]:
    """The decisions of this round, in order; a form that names its approver is believed."""
    people = _people(tx, len(forms), context)
    return [_decision(form, *people[position]) for position, form in enumerate(forms)]


def _people(tx: Session, count: int, context: TaskContext) -> list[tuple[str, str]]:
    """Name and group of each approver. The last one's task is still open in the tables while the step that follows it runs."""
    if not count:
        return []
    actor = context.actor or "system"
    latest = tx.execute(_OPEN, {"instance_id": context.instance_id}).first()
    earlier = tx.execute(_COMPLETED, {"instance_id": context.instance_id, "most": count - (latest is not None)}).all()
    found = [(row.completed_by or actor, ", ".join(row.candidate_groups)) for row in reversed(earlier)]
    if latest is not None:
        found.append((actor, ", ".join(latest.candidate_groups)))
    return [*found, *[(actor, "")] * (count - len(found))]


def _decision(form: Mapping[str, Any], approver: str, group: str) -> Decision:
    limit = form.get("amount_limit")
    return Decision(
        approver=str(form.get("approver") or approver),
        approver_group=str(form.get("approver_group") or group),
        approved=form.get("approved", True) not in {False, "no", "false"},
        comment=str(form.get("comment") or form.get("note") or ""),
        amount_limit=None if limit is None else Decimal(str(limit)),
    )


_OPEN = text("SELECT candidate_groups FROM user_task WHERE instance_id = :instance_id AND state = 'open' ORDER BY created_at DESC LIMIT 1")
_COMPLETED = text("""
SELECT completed_by, candidate_groups FROM user_task
WHERE instance_id = :instance_id AND state = 'completed' AND outcome->>'approved' IN ('true', 'yes')
ORDER BY completed_at DESC, id LIMIT :most
""")
