"""Asks the carrier where what left is, until the customer has it: then it is delivered, with the proof among its papers."""

from datetime import timedelta
from typing import Any, Final

import structlog
from sqlalchemy import text

from engine.problems import Problem
from engine.runtime.state.runtime import Runtime
from handlers.documents.store import save_document
from handlers.fulfillment.commands import deliver
from handlers.fulfillment.ports import Carrier, Tracked
from handlers.shipments.records import mark_tracked, signed

_log = structlog.get_logger(__name__)
#: Seconds between two rounds, how long one shipment is left alone, and how many are asked about in a round.
EVERY: Final = 60.0
PAUSE: Final = timedelta(minutes=15)
MOST: Final = 50
#: Nobody looks for a parcel for ever: after so long the process' own task is all there is.
LONGEST: Final = timedelta(days=60)


def track(runtime: Runtime) -> int:
    """One round; answers of how many shipments something was heard. A carrier that does not answer is asked again next time."""
    carrier: Any = runtime.ports[Carrier]
    if not carrier.tracks:
        return 0
    with runtime.database.transaction() as tx:
        due = tx.execute(_DUE, {"pause": PAUSE, "longest": LONGEST, "most": MOST}).all()
    return sum(_ask(runtime, carrier, row.shipment_no, row.tracking_no) for row in due)


def _ask(runtime: Runtime, carrier: Any, shipment_no: str, tracking_no: str) -> bool:
    try:
        found: Tracked | None = carrier.track(tracking_no)
    except Exception as error:  # noqa: BLE001  # whatever the outside does, the next shipment is asked about
        _log.warning("tracking_failed", shipment=shipment_no, error=str(error)[:300])
        found = None
    with runtime.database.transaction() as tx:
        mark_tracked(tx, shipment_no, found.status if found else "")
    if found is not None and found.delivered_at is not None:
        _delivered(runtime, shipment_no, found)
    return found is not None


def _delivered(runtime: Runtime, shipment_no: str, found: Tracked) -> None:
    try:
        with runtime.database.transaction() as tx:
            deliver(runtime, tx, shipment_no, found.delivered_at, "carrier")
            signed(tx, shipment_no, found.signed_by)
            if found.proof is not None:
                content, media_type = found.proof
                save_document(tx, "PROOF_OF_DELIVERY", shipment_no, media_type, content)
    except Problem as problem:  # somebody was faster, or the parcel is said to be there before it left
        _log.warning("delivery_not_taken", shipment=shipment_no, error=problem.detail)


# The one looked at longest ago first: a carrier that answers slowly leaves nobody out for ever.
_DUE = text("""
SELECT shipment_no, tracking_no FROM shipment
WHERE shipped_at IS NOT NULL AND delivered_at IS NULL AND cancelled_at IS NULL AND kind = 'STOCK' AND tracking_no <> ''
  AND shipped_at > business_now() - CAST(:longest AS interval)
  AND (tracked_at IS NULL OR tracked_at < now() - CAST(:pause AS interval))
ORDER BY tracked_at NULLS FIRST, shipment_no LIMIT :most
""")
