"""What the company says in its mails: its own words by kind, or ours where it has none."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.problems import Invalid, NotFound
from handlers.changes import Author, note
from handlers.mailing.kinds import BY_NAME, KINDS, MailKind, wrong_fields
from handlers.mailing.model import MailText

_LONGEST: Final = {"subject": 200, "body": 10_000}


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one kind of mail; `own` says that they are the company's."""

    kind: str
    title: str
    fields: tuple[str, ...]
    subject: str
    body: str
    own: bool


def list_words(tx: Session) -> list[Words]:
    """The words of every kind."""
    kept = {row.kind: row for row in tx.scalars(select(MailText))}
    return [_words(kind, kept.get(kind.name)) for kind in KINDS]


def words_of(tx: Session, kind: MailKind) -> Words:
    """The words of one kind."""
    return _words(kind, tx.get(MailText, kind.name, populate_existing=True))


def keep_words(tx: Session, name: str, subject: str, body: str, by: Author) -> None:
    """Say it so from now on; empty words are ours again. Raises NotFound, Invalid by field."""
    kind = BY_NAME.get(name)
    if kind is None:
        raise NotFound(f"There is no kind of mail {name[:80]!r}.", code="mail_kind_unknown", next_step="Look at the list of mails.")
    given = {"subject": " ".join(subject.split()), "body": body.replace("\r\n", "\n").strip()}
    if not any(given.values()):
        tx.execute(delete(MailText).where(MailText.kind == name))
        return note(tx, by, "reset", f"mail_text:{name}", {})
    errors = {field: wrong for field, words in given.items() if (wrong := _wrong(field, words, kind))}
    if errors:
        raise Invalid("The mail cannot be written like this.", code="mail_text", next_step="Correct the words.", errors=errors)
    values = {**given, "changed_by": by.name}
    added = insert(MailText).values(kind=name, **values)
    tx.execute(added.on_conflict_do_update(index_elements=["kind"], set_={**values, "changed_at": func.business_now()}))
    return note(tx, by, "change", f"mail_text:{name}", given)


def _wrong(field: str, words: str, kind: MailKind) -> list[str]:
    if not 0 < len(words) <= _LONGEST[field]:
        return [f"has 1 to {_LONGEST[field]} characters"]
    unknown = wrong_fields(words, kind.fields)
    return [f"knows no {', '.join(unknown)}: there are {', '.join(f'{{{each}}}' for each in kind.fields)}"] if unknown else []


def _words(kind: MailKind, own: MailText | None) -> Words:
    said = own or kind
    return Words(kind.name, kind.title, kind.fields, said.subject, said.body, own is not None)
