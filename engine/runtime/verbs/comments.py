"""What people say about elements of diagrams: it belongs to the bundle, so it outlives the draft and its deployment."""

from dataclasses import dataclass

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from engine.problems import Invalid, NotFound
from engine.store.tables import deployment, draft, element_comment

#: The longest comment, in characters.
MAX_TEXT = 4000


@dataclass(frozen=True, slots=True)
class NewComment:
    """A comment on an element of a file of a bundle."""

    bundle: str
    path: str
    element_id: str
    text: str
    author: str


def add(tx: Session, new: NewComment) -> int:
    """Write a comment and answer its number. Raises NotFound for a bundle nobody knows, Invalid for one that says nothing."""
    text = checked_text(new.text)
    drafted = select(draft.c.id).where(draft.c.bundle == new.bundle).exists()
    deployed = select(deployment.c.id).where(deployment.c.name == new.bundle).exists()
    if not tx.scalar(select(drafted | deployed)):
        raise NotFound(f"There is no bundle {new.bundle}.", code="bundle_unknown", next_step="Look at the list of processes.")
    row = {"bundle": new.bundle, "path": new.path, "element_id": new.element_id, "text": text, "author": new.author}
    number: int = tx.execute(insert(element_comment).values(**row).returning(element_comment.c.id)).scalar_one()
    return number


def checked_text(given: str) -> str:
    """What a comment says, on whatever it is. Raises Invalid for one that says nothing, or too much."""
    text = given.replace("\0", "").strip()
    if not text or len(text) > MAX_TEXT:
        said = "is missing" if not text else f"must have at most {MAX_TEXT} characters"
        raise Invalid("The comment cannot be kept.", code="comment", next_step="Say it in a few words.", errors={"text": [said]})
    return text


def resolve(tx: Session, bundle: str, number: int, actor: str) -> None:
    """Say that a comment is dealt with; said twice, the first one stays. Raises NotFound."""
    of_comment = (element_comment.c.id == number) & (element_comment.c.bundle == bundle)
    if tx.execute(select(element_comment.c.id).where(of_comment)).first() is None:
        said = f"There is no comment {number} on {bundle}."
        raise NotFound(said, code="comment_unknown", next_step="Look at the comments of its diagrams.")
    open_one = of_comment & element_comment.c.resolved_by.is_(None)
    tx.execute(update(element_comment).where(open_one).values(resolved_by=actor, resolved_at=func.now()))
