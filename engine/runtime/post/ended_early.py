"""An instance that ended otherwise than its diagram means: its owner takes over what would be left with nobody.

An operator cancelled it, or led it by hand past a step or back to one: what such a step would have done may be undone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from engine.runtime.post.mailbox import Message
from engine.runtime.post.routing import starters
from engine.runtime.post.unheard import owner_of_process
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.stretch import Held

#: The message that the process begins with by which an owner takes over.
ENDED_EARLY = "instance.cancelled"


@dataclass(frozen=True, slots=True)
class Ending:
    """By whom and why an instance ended early, and the variables it had then."""

    ended_by: str
    reason: str
    variables: Mapping[str, Any]


def hand_over(runtime: Runtime, tx: Session, held: Held, ending: Ending) -> Message | None:
    """The message that hands over what an instance was about; None where it has no business key or no process takes over.

    An instance that had itself taken over another hands on that one.
    """
    if not held.business_key or not starters(tx, "message", ENDED_EARLY):
        return None
    process = runtime.models.process(tx, held.process_version_id)
    about = {
        "cancelled_instance": str(held.id),
        "process_name": process.name or process.key,
        "owner": owner_of_process(runtime, tx, process),
    }
    if process.catching(ENDED_EARLY):
        about |= {name: ending.variables[name] for name in about if name in ending.variables}
    payload = {**about, "business_key": held.business_key, "cancelled_by": ending.ended_by, "reason": ending.reason}
    return Message(ENDED_EARLY, payload=payload, business_key=held.business_key, actor=ending.ended_by)
