"""What was decided on credit, by whom, and how long it holds."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Invalid, NotFound
from engine.store.clock import business_now
from handlers.credit.exposure import SEAL, assess
from handlers.credit.rules import Approval, covers
from handlers.orders.events import find_order, note
from handlers.orders.submission import note_credit_decision
from handlers.parties.policy import chosen

DECISIONS = ("APPROVED", "HOLD", "PREPAY", "REFER")


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision on an order, or on one of its groups at release; `by` is a person, or `decision:` and the table that decided."""

    order_no: str
    group_no: str | None
    decision: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class ReleaseCredit:
    """Whether the approval covers a group's release, and how often the order was approved so far."""

    stands: bool
    approvals: int


def decide(tx: Session, ruling: Ruling) -> None:
    """Keep a decision with the figures it was made on, and on the order.

    A check that was decided stays as it is: whoever decides once more decides on the figures of today. Raises Invalid, NotFound.
    """
    if ruling.decision not in DECISIONS:
        raise Invalid(
            f"{ruling.decision!r} is no credit decision.", code="credit_decision", next_step=f"Decide one of {', '.join(DECISIONS)}."
        )
    find_order(tx, ruling.order_no, lock=True)
    of = {"order_no": ruling.order_no, "group_no": ruling.group_no}
    latest = tx.execute(_LATEST, of).one_or_none()
    if latest is None or latest.decision:
        assess(tx, ruling.order_no, ruling.group_no)
        latest = tx.execute(_LATEST, of).one()
    given = {"id": latest.id, "decision": ruling.decision, "reason": ruling.reason, "by": ruling.by}
    tx.execute(_DECIDE, given)
    tx.execute(SEAL, {"id": latest.id})
    note_credit_decision(tx, ruling.order_no, ruling.decision)
    detail = {"decision": ruling.decision, "reason": ruling.reason, **({"group_no": ruling.group_no} if ruling.group_no else {})}
    note(tx, ruling.order_no, "credit_decided", actor=ruling.by, detail=detail)


def release_credit(tx: Session, group_no: str) -> ReleaseCredit:
    """Whether credit is to be asked again before a group is released. Raises NotFound."""
    row = tx.execute(_APPROVAL, {"group_no": group_no}).one_or_none()
    if row is None:
        raise NotFound(f"There is no group {group_no}.", code="group_unknown", next_step="Look the group up on the page of its order.")
    policy = chosen(tx, "credit.horizon_days", "release.credit_check_days")
    stands = row.decided_at is not None and covers(
        Approval(decided_at=row.decided_at, decided_on=row.decided_on, of_group=row.of_group),
        now=business_now(tx),
        ships_on=row.ship_date,
        valid_for=timedelta(days=int(policy["release.credit_check_days"])),
        horizon=timedelta(days=int(policy["credit.horizon_days"])),
    )
    return ReleaseCredit(stands=stands, approvals=row.approvals)


_LATEST = text("""
SELECT id, decision FROM credit_check
WHERE order_no = :order_no AND group_no IS NOT DISTINCT FROM CAST(:group_no AS text) ORDER BY id DESC LIMIT 1
""")
_DECIDE = text(
    "UPDATE credit_check SET decision = :decision, reason = :reason, decided_by = :by, decided_at = business_now() WHERE id = :id"
)
#: The latest decision on the group, or else on its order; a refusal at release ends the approval that was before it.
_APPROVAL = text("""
SELECT team.ship_date, latest.decided_at, latest.decided_at::date AS decided_on, coalesce(latest.group_no IS NOT NULL, false) AS of_group,
       (SELECT count(*) FROM credit_check AS checked WHERE checked.order_no = team.order_no AND checked.decision = 'APPROVED') AS approvals
FROM fulfil_group AS team
LEFT JOIN LATERAL (
  SELECT CASE WHEN checked.decision = 'APPROVED' THEN checked.decided_at END AS decided_at, checked.group_no FROM credit_check AS checked
  WHERE checked.order_no = team.order_no AND (checked.group_no IS NULL OR checked.group_no = team.group_no)
  ORDER BY checked.id DESC LIMIT 1
) AS latest ON true
WHERE team.group_no = :group_no
""")
