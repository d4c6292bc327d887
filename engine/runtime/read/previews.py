"""What a verb would do to an instance, before it is done: it is really done, looked at, and taken back.

So a preview is never wrong about the diagram or the data of this moment. Nothing leaves the house: a call of the outside is only made
ready, and an effect is only noted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Problem
from engine.runtime.operate.operations import Operated
from engine.runtime.read.explain import Explanation, explain
from engine.store.paging import AnyRow
from engine.store.unit_of_work import savepoint


@dataclass(frozen=True, slots=True)
class Preview:
    """What would become of it: the steps that would run, what would leave the house, and where it would stand then.

    `problem` says why it cannot be done; then there is nothing else.
    """

    ran: Sequence[AnyRow] = ()
    sent: Sequence[AnyRow] = ()
    then: Explanation | None = None
    problem: Problem | None = field(default=None)


class _Seen(Exception):
    """It was done and looked at: everything is taken back."""

    def __init__(self, preview: Preview) -> None:
        super().__init__()
        self.preview = preview


def preview(tx: Session, instance_id: UUID, act: Callable[[], Operated]) -> Preview:
    """Do a verb, look, and take it back. Nothing is changed, and nobody is told."""
    asked = {"id": instance_id}
    last = tx.execute(_LAST, asked).scalar_one()
    effects = list(tx.execute(_EFFECTS, asked).scalars())
    try:
        with savepoint(tx):
            done = act()
            ran = tx.execute(_RAN, {"id": done.instance_id, "last": last}).all()
            sent = tx.execute(_SENT, {"id": done.instance_id, "known": effects}).all()
            raise _Seen(Preview(ran, sent, explain(tx, done.instance_id)))  # noqa: TRY301  # leaving the savepoint takes everything back
    except _Seen as seen:
        return seen.preview
    except Problem as problem:
        return Preview(problem=problem)


_LAST = text("SELECT coalesce(max(id), 0) FROM history WHERE instance_id = :id")
_RAN = text("""
SELECT element_id, coalesce(nullif(element_name, ''), element_id) AS name, outcome, changed, detail FROM history
WHERE instance_id = :id AND id > :last ORDER BY id LIMIT 100
""")
_EFFECTS = text("SELECT key FROM effect WHERE instance_id = :id")
_SENT = text("SELECT kind, target FROM effect WHERE instance_id = :id AND NOT key = ANY(:known) ORDER BY created_at LIMIT 50")
