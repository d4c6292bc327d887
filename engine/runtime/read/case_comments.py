"""Comments on cases and tasks as people and programs are shown them, and where a person is mentioned."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.runtime.state.people import Person
from engine.runtime.verbs.visible_tasks import visible_to
from engine.store.paging import AnyRow, Asked, Key, Page, read_page
from engine.store.tables import comment, comment_attachment, comment_mention, user_task

#: Before the id of a task that is about no subject.
OF_TASK = "task:"


@dataclass(frozen=True, slots=True)
class Paper:
    """A document that goes with a comment."""

    id: int
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class CaseComment:
    """What somebody said; `mentions` are the people it calls, `task_id` is the task beside which it was written."""

    id: int
    about: str
    task_id: UUID | None
    author: str
    text: str
    written_at: datetime
    mentions: Sequence[str]
    attachments: Sequence[Paper]


@dataclass(frozen=True, slots=True)
class Mention:
    """A comment that calls the person; `seen_at` is null until they have read it."""

    id: int
    about: str
    task_id: UUID | None
    author: str
    text: str
    written_at: datetime
    seen_at: datetime | None


def list_comments(tx: Session, about: str, asked: Asked) -> Page[CaseComment]:
    """The comments on one subject or task, the latest first. One statement."""
    page = read_page(tx, _COMMENTS.where(comment.c.about == about), (Key(comment.c.id, descending=True),), asked)
    return page.typed(_comment)


def list_mentions(tx: Session, person: Person, asked: Asked, *, count: bool = False) -> Page[Mention]:
    """Where the person is mentioned, the latest first."""
    columns = [comment.c[name] for name in Mention.__dataclass_fields__ if name != "seen_at"]
    statement = select(*columns, comment_mention.c.seen_at).join(comment_mention, comment_mention.c.comment_id == comment.c.id)
    mine = statement.where(comment_mention.c.person == person.name)
    return read_page(tx, mine, (Key(comment_mention.c.comment_id, descending=True),), asked, count=count).typed(Mention)


def count_unseen(tx: Session, person: Person) -> int:
    """In how many comments somebody has called the person that they have not read."""
    unseen = comment_mention.c.seen_at.is_(None)
    counted = select(func.count()).select_from(comment_mention).where(comment_mention.c.person == person.name, unseen)
    return tx.scalar(counted) or 0


def read_attachment(tx: Session, person: Person, number: int) -> AnyRow:
    """A document with its content. Raises NotFound where there is none, or it lies beside a task that the person may not see."""
    paper = comment_attachment.c
    seen = select(user_task.c.id).where(cast(literal(OF_TASK), Text) + cast(user_task.c.id, Text) == comment.c.about, visible_to(person))
    found = tx.execute(
        select(paper.name, paper.media_type, paper.content)
        .join(comment, comment.c.id == paper.comment_id)
        .where(paper.id == number, or_(~comment.c.about.startswith(OF_TASK), seen.where(user_task.c.id == comment.c.task_id).exists()))
    ).one_or_none()
    if found is None:
        raise NotFound("There is no such document, or it is not yours to see.", next_step="Look at the comments of its case.")
    return found


def _comment(attachments: Sequence[dict[str, Any]], mentions: Sequence[str] | None, **given: Any) -> CaseComment:
    return CaseComment(**given, mentions=mentions or (), attachments=[Paper(**each) for each in attachments or ()])


def _part(table: Any, value: Any, order: Any) -> Any:
    rows = select(func.jsonb_agg(aggregate_order_by(value, order), type_=JSONB)).where(table.c.comment_id == comment.c.id)
    return rows.correlate(comment).scalar_subquery()


_PAPER = func.jsonb_build_object(*(each for name in ("id", "name", "size") for each in (literal(name), comment_attachment.c[name])))
_COMMENTS = select(
    *(comment.c[name] for name in CaseComment.__dataclass_fields__ if name in comment.c),
    _part(comment_mention, func.to_jsonb(comment_mention.c.person), comment_mention.c.person).label("mentions"),
    _part(comment_attachment, _PAPER, comment_attachment.c.id).label("attachments"),
)
