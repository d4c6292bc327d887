"""Who can be told something by mail, and how they want to be."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.auth.model import UserAccount
from api.notices.model import PersonChoice
from ui.languages import SOURCE


@dataclass(frozen=True, slots=True)
class Reader:
    """An active person with a mail address, or with the address of a chat: who has one is written to there."""

    account_id: int
    name: str
    mail: str
    language: str
    at_once: bool
    digest_hour: int
    chat_url: str


#: Who may be told anything at all.
REACHABLE = UserAccount.active & ~UserAccount.machine & ((UserAccount.mail != "") | (PersonChoice.chat_url != ""))
_COLUMNS = (
    UserAccount.id,
    UserAccount.name,
    UserAccount.mail,
    func.coalesce(func.nullif(PersonChoice.language, ""), SOURCE),
    func.coalesce(PersonChoice.at_once, True),
    func.coalesce(PersonChoice.digest_hour, 7),
    func.coalesce(PersonChoice.chat_url, ""),
)
READERS = select(*_COLUMNS).outerjoin(PersonChoice, PersonChoice.account_id == UserAccount.id).where(REACHABLE)


def readers_named(tx: Session, names: Collection[str]) -> dict[str, Reader]:
    """Those of some people who can be told, by name."""
    rows = tx.execute(READERS.where(UserAccount.name.in_(set(names))))
    return {row[1]: Reader(*row) for row in rows}
