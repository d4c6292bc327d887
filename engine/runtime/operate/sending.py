"""Lets what left the house, or should have, leave it again: an operator's answer to a receiver that lost it, or was away too long."""

from sqlalchemy.orm import Session

from engine.problems import Invalid
from engine.runtime.state import audit, effects


def send_again(tx: Session, key: str, actor: str, reason: str) -> None:
    """Send an effect again as soon as may be, under the same key, so that who has it already knows. Raises NotFound, Invalid."""
    if not reason.strip():
        errors = {"reason": ["is missing"]}
        raise Invalid("To send it again takes a reason.", code="reason_missing", next_step="Say why; it is kept.", errors=errors)
    was = effects.send_again(tx, key)
    audit.record(tx, audit.Entry(actor, "send_again", f"effect:{key}", reason, {"was": was}))
