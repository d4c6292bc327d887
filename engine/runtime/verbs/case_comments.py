"""What people say about a case or a task: it stays, those it mentions are told, and documents may go with it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, update
from sqlalchemy.orm import Session

from engine.problems import Invalid
from engine.runtime.state import audit
from engine.runtime.state.directory import Directory
from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs.attachments import Attachment, check
from engine.runtime.verbs.comments import checked_text
from engine.store.rows import insert_rows
from engine.store.tables import comment, comment_attachment, comment_mention

#: People that one comment may mention.
MOST_MENTIONS = 20
#: Who is called: not the part of a mail address behind its name.
MENTION = re.compile(r"(?<![\w@.])(@[A-Za-z][\w-]*(?:\.[\w-]+)*)")


@dataclass(frozen=True, slots=True)
class NewComment:
    """A comment; `about` is kind and number of a subject, or `task:` and the id of a task that is about none."""

    about: str
    text: str
    task_id: UUID | None = None
    attachments: Sequence[Attachment] = ()


def say(runtime: Runtime, tx: Session, new: NewComment, person: Person) -> int:
    """Write a comment, and let those who are mentioned in it find it; answers its number.

    A name behind an `@` that is nobody's stays text. Raises Invalid for one that says nothing, and for what cannot be attached.
    """
    said = checked_text(new.text)
    documents = check(new.attachments)
    names = [called[1:] for called in dict.fromkeys(MENTION.findall(said))]
    if len(names) > MOST_MENTIONS:
        raise Invalid(
            f"{len(names)} people are mentioned.",
            code="comment",
            next_step=f"Name at most {MOST_MENTIONS} of them.",
            errors={"text": [f"must mention at most {MOST_MENTIONS} people"]},
        )
    called = _people(runtime, tx, names)
    row = {"about": new.about, "task_id": new.task_id, "author": person.name, "text": said}
    number: int = tx.execute(insert(comment).values(**row).returning(comment.c.id)).scalar_one()
    insert_rows(tx, comment_mention, [{"person": name, "comment_id": number} for name in called])
    for each in documents:
        kept = {"name": each.name, "media_type": each.media_type, "size": len(each.content), "content": each.content}
        tx.execute(insert(comment_attachment).values(comment_id=number, **kept))
    papers = [{"name": each.name, "sha256": sha256(each.content).hexdigest()} for each in documents]
    detail = {"comment": number, **({"mentions": called} if called else {}), **({"attachments": papers} if papers else {})}
    audit.record(tx, audit.Entry(person.name, "comment", new.about, detail=detail))
    return number


def mark_seen(tx: Session, person: Person) -> int:
    """Say that the person has read where they are mentioned; answers how many that were."""
    unseen = update(comment_mention).where(comment_mention.c.person == person.name, comment_mention.c.seen_at.is_(None))
    return len(tx.execute(unseen.values(seen_at=func.business_now()).returning(comment_mention.c.comment_id)).all())


def _people(runtime: Runtime, tx: Session, names: Sequence[str]) -> list[str]:
    directory: Any = runtime.ports.get(Directory)
    if directory is None or not names:
        return list(names)
    return list(directory.people(tx, (), names))
