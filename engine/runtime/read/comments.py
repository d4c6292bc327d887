"""Comments on elements of diagrams as people and programs are shown them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.store.paging import Asked, Key, Page, read_page
from engine.store.tables import element_comment


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody said about an element; `resolved_by` is null while it is open."""

    id: int
    path: str
    element_id: str
    text: str
    author: str
    written_at: datetime
    resolved_by: str | None
    resolved_at: datetime | None


def list_comments(tx: Session, bundle: str, path: str, asked: Asked) -> Page[Comment]:
    """The comments on a file of a bundle, or on all of them where `path` is empty; by file, in the order in which they were written."""
    statement = select(*(element_comment.c[name] for name in Comment.__dataclass_fields__)).where(element_comment.c.bundle == bundle)
    if path:
        statement = statement.where(element_comment.c.path == path)
    return read_page(tx, statement, (Key(element_comment.c.path), Key(element_comment.c.id)), asked).typed(Comment)
