"""What the company says in its mails, where it says it otherwise than we do."""

from sqlalchemy.orm import Mapped

from engine.store.base import Base
from handlers.columns import Key, Label, Written


class MailText(Base):
    """The words of one kind of mail; without a row they are those of `handlers.mailing.kinds`."""

    __tablename__ = "mail_text"

    kind: Mapped[Key]
    subject: Mapped[str]
    body: Mapped[str]
    changed_by: Mapped[Label]
    changed_at: Mapped[Written]
