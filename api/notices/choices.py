"""How a person wants to be told, and what was written to them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api.auth.accounts import account_named
from api.notices.addresses import is_web
from api.notices.mails import NOTICE
from api.notices.model import PersonChoice
from engine.problems import Invalid
from engine.store.tables import effect
from ui.languages import LANGUAGES

_SHOWN: Final = 20
_HOURS: Final = 24
_MOST_HOURS: Final = 72
_LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody has chosen, or the default. `language` is empty for the one that the browser asks for."""

    language: str = ""
    at_once: bool = True
    reminds: bool = True
    remind_hours: int = 2
    digest: bool = False
    digest_hour: int = 7
    #: The address of an incoming webhook of their own channel in a chat: they are written to there instead of by mail.
    chat_url: str = ""


@dataclass(frozen=True, slots=True)
class MailRow:
    """A mail to somebody; `why` says why it was not sent."""

    subject: str
    state: str
    created_at: datetime
    why: str


def choice_of(tx: Session, name: str) -> Choice:
    """What a person has chosen."""
    columns = [getattr(PersonChoice, name) for name in Choice.__dataclass_fields__]
    row = tx.execute(select(*columns).where(PersonChoice.account_id == account_named(tx, name).id)).first()
    return Choice(*row) if row else Choice()


def choose(tx: Session, name: str, choice: Choice) -> None:
    """Keep what a person has chosen. Raises Invalid by field."""
    errors = {}
    if choice.language and choice.language not in LANGUAGES:
        errors["language"] = [f"must be one of {', '.join(LANGUAGES)}"]
    if not 0 <= choice.digest_hour < _HOURS:
        errors["digest_hour"] = ["must be an hour from 0 to 23"]
    if not 0 <= choice.remind_hours <= _MOST_HOURS:
        errors["remind_hours"] = [f"must be from 0 to {_MOST_HOURS}"]
    if choice.chat_url and (len(choice.chat_url) > _LONGEST or not is_web(choice.chat_url, secure=True)):
        errors["chat_url"] = ["must begin with https://, as the chat shows it"]
    if errors:
        raise Invalid("That cannot be chosen.", code="choice", next_step="Correct the fields named.", errors=errors)
    values: dict[str, Any] = asdict(choice)
    made = insert(PersonChoice).values(account_id=account_named(tx, name).id, **values)
    tx.execute(made.on_conflict_do_update(index_elements=["account_id"], set_=values))


def mails_to(tx: Session, name: str) -> Sequence[MailRow]:
    """The latest mails to a person."""
    columns = effect.c.payload["subject"].astext, effect.c.state, effect.c.created_at, effect.c.answer
    of_person = select(*columns).where(effect.c.kind == NOTICE, effect.c.target == name)
    rows = tx.execute(of_person.order_by(effect.c.created_at.desc(), effect.c.key).limit(_SHOWN))
    return [MailRow(row[0], row[1], row[2], _why(row[3])) for row in rows]


def _why(answer: Any) -> str:
    return str(answer.get("why") or answer.get("error") or "") if isinstance(answer, dict) else ""
