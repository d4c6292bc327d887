"""Who was refused what: counted by the hour, told to the audit log when it first happens in an hour and, in sum, when the hour is over.

So a program that asks in vain a thousand times writes two rows, and every refusal is accounted for.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.runtime.state.audit import Entry, record

#: What may be told of a request that names nobody.
ANONYMOUS = "anonymous"
_LONGEST = 200


def count_refusal(tx: Session, actor: str, status: int, what: str, source: str) -> None:
    """Count a refusal: who asked (ANONYMOUS where nobody is known), how it was answered, which operation, from where."""
    given = {"actor": actor, "status": status, "what": what[:_LONGEST]}
    if tx.execute(_COUNT, given).scalar_one() == 1:
        record(tx, Entry(actor, "refused", f"operation:{given['what']}", detail={"status": status, "source": source}))


def tell_refusals(tx: Session) -> None:
    """Housekeeping: of each hour that is over, how often what was refused more than once."""
    for row in tx.execute(_OVER).all():
        if row.times > 1:
            detail = {"status": row.status, "times": row.times, "hour": row.hour.isoformat()}
            record(tx, Entry(row.actor, "refused", f"operation:{row.what}", detail=detail))


_COUNT = text("""
  INSERT INTO refused_act (actor, status, what, hour, times) VALUES (:actor, :status, :what, date_trunc('hour', now()), 1)
  ON CONFLICT (actor, status, what, hour) DO UPDATE SET times = refused_act.times + 1 RETURNING times
""")
_OVER = text("DELETE FROM refused_act WHERE hour < date_trunc('hour', now()) RETURNING actor, status, what, hour, times")
