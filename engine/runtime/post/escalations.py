"""Tasks that nobody has decided in time go to others too: the clock offers them to the groups that the diagram names.

Whoever has one keeps it; who may not decide it may not do so by an escalation either. Any number of workers may look at once.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.runtime.state import audit
from engine.runtime.state.runtime import Runtime
from engine.store.locks import Lock, take

#: As whom the log knows what the clock does.
ACTOR = "clock"


def escalate(runtime: Runtime, tx: Session) -> int:
    """Escalate what is due; answers how many tasks. What a busy instance holds is left for the next round."""
    due = tx.execute(_DUE, {"most": runtime.limits.batch}).scalars().all()
    held = take(tx, Lock.INSTANCE, due, skip_locked=True) if due else []
    if not held:
        return 0
    escalated = tx.execute(_ESCALATE, {"ids": held}).all()
    for row in escalated:
        detail = {"title": row.title, "to": list(row.escalate_to), "with": row.assignee}
        audit.record(tx, audit.Entry(ACTOR, "escalate", f"user_task:{row.id}", "It was not decided in time.", detail))
    return len(escalated)


_DUE = text("""
SELECT instance_id FROM user_task
WHERE state = 'open' AND escalate_at IS NOT NULL AND escalated_at IS NULL AND escalate_at <= business_now()
ORDER BY escalate_at LIMIT :most
""")
_ESCALATE = text("""
UPDATE user_task SET escalated_at = business_now(), version = version + 1,
  candidate_groups = candidate_groups || ARRAY(SELECT unnest(escalate_to) EXCEPT SELECT unnest(candidate_groups) ORDER BY 1)
WHERE instance_id = ANY(:ids) AND state = 'open' AND escalate_at IS NOT NULL AND escalated_at IS NULL AND escalate_at <= business_now()
RETURNING id, title, assignee, escalate_to
""")
