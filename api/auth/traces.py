"""Every operation that writes leaves a row of the audit log: its verb's own, or else one that names it. Which leave none, and why.

A verb tells more (which fields, from what to what) and its row is enough. Where it tells nothing, the edge does, in the same transaction:
who, which operation, and on what; never what was sent, which may hold what is nobody's to read.
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy.orm import Session

from engine.runtime.state import audit

_READS: Final = "It only looks: what it does is taken back, or never done."
_HISTORY: Final = "The history of its instance says who did what when, row by row, and is never changed."
_INTAKE: Final = "What came in is kept as it came with who sent it, and the order's events say what became of it; many come each second."
_DRAFT: Final = "Each revision of a draft is kept with its author; what is deployed of it is told."
_ONCE: Final = "Its verb tells the log of a message that is new; the same again changes nothing."
_OWN: Final = "It changes what one person sees, for that person alone."

_LONGEST: Final = 200
#: By method and address.
UNTRACED: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            "POST /api/v1/batches/preview",
            "POST /api/v1/deployments/check",
            "POST /api/v1/drafts/<bundle>/check",
            "POST /api/v1/dry-runs",
            "POST /api/v1/bundles/<name>/scenarios/run",
            "POST /api/v1/drafts/<name>/scenarios/run",
            "POST /api/v1/drafts/<name>/scenarios/compare",
            "POST /api/v1/bundles/<name>/scenarios/compare",
            "POST /api/v1/instances/<uuid:instance_id>/preview",
            "POST /api/v1/orders/<number>/changes/preview",
            "POST /api/v1/modeling/timer",
            "POST /api/v1/decisions/inputs",
            "POST /api/v1/decisions/try",
            "POST /api/v1/forms/try",
            "POST /api/v1/feel/try",
        ),
        _READS,
    ),
    **dict.fromkeys(
        (
            "POST /api/v1/user-tasks/complete",
            "POST /api/v1/user-tasks/<uuid:task_id>/complete",
            "POST /api/v1/user-tasks/<uuid:task_id>/draft",
            "POST /engine-rest/external-task/fetchAndLock",
            "POST /engine-rest/external-task/<id>/complete",
            "POST /engine-rest/external-task/<id>/failure",
            "POST /engine-rest/external-task/<id>/bpmnError",
            "POST /engine-rest/external-task/<id>/extendLock",
            "POST /engine-rest/external-task/<id>/lock",
            "POST /engine-rest/external-task/<id>/unlock",
        ),
        _HISTORY,
    ),
    **dict.fromkeys(
        (
            "POST /api/v1/orders",
            "POST /api/v1/intake/ubl-orders",
            "POST /api/v1/intake/ubl-order-changes",
            "POST /api/v1/intake/ubl-order-cancellations",
            "POST /api/v1/intake/edi",
        ),
        _INTAKE,
    ),
    **dict.fromkeys(
        (
            "PUT /api/v1/drafts/<bundle>/files/<path:path>",
            "POST /api/v1/drafts/<bundle>/import/<path:path>",
            "DELETE /api/v1/drafts/<bundle>/files/<path:path>",
            "POST /api/v1/drafts/<bundle>/rename",
            "POST /api/v1/drafts/<bundle>/restore",
        ),
        _DRAFT,
    ),
    **dict.fromkeys(("POST /api/v1/messages",), _ONCE),
    **dict.fromkeys(("POST /api/v1/me/mentions/seen",), _OWN),
}


#: What opens transactions of its own, whose verbs tell the log, each for itself.
TOLD_BY_VERBS: Final = frozenset(
    (
        "PUT /api/v1/me/password",
        "PUT /api/v1/me/confirmation",
        "PUT /api/v1/me/second-factor",
        "PUT /api/v1/me/second-factor/confirmation",
        "PUT /api/v1/me/second-factor/recovery-codes",
        "PUT /api/v1/me/second-factor/removal",
        "POST /api/v1/user-tasks/claim",
        "POST /api/v1/user-tasks/release",
        "POST /api/v1/user-tasks/assign",
        "POST /api/v1/waves/<number>/pack",
        "POST /api/v1/waves/<number>/hand-over",
    )
)


def leave_trace(tx: Session, actor: str, method: str, rule: str, path: str) -> None:
    """Tell the audit log of an operation that has written, where nothing told it yet."""
    if method in {"GET", "HEAD", "OPTIONS"} or f"{method} {rule}" in UNTRACED or audit.is_told(tx):
        return
    audit.record(tx, audit.Entry(actor, "operation", f"{method} {rule}"[:_LONGEST], detail={"address": path[:_LONGEST]}))
