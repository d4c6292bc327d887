"""Lists of denied parties by file; open orders are screened again at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine.runtime.post.mailbox import Message
from engine.runtime.verbs import messages
from handlers.bulk import Column, Row, TableKind, Work
from handlers.identifiers import Number
from handlers.screening.model import DeniedParty
from handlers.screening.screen import raise_version


@dataclass(frozen=True, slots=True, kw_only=True)
class DeniedPartyDraft:
    """An entry of a list."""

    list_code: Number
    entry_no: Number
    names: str
    country: str = ""
    reason: str = ""
    delisted: bool = False


@dataclass(frozen=True, kw_only=True)
class DeniedPartyKind(TableKind):
    """Entries of lists; whoever is on one from now on is looked for on every open order."""

    def write(self, tx: Session, rows: Sequence[Row], work: Work) -> None:
        """The rows, then the news."""
        TableKind.write(self, tx, rows, work)
        _changed(tx, work)

    def undo(self, tx: Session, rows: Sequence[Row], work: Work) -> list[str]:
        """Take them back, where no order has met them."""
        obstacles = TableKind.undo(self, tx, rows, work)
        if not obstacles:
            _changed(tx, work)
        return obstacles


def _changed(tx: Session, work: Work) -> None:
    raise_version(tx)
    messages.note(work.runtime, tx, Message("screening.requested", payload={"why": work.reference}, actor=work.actor))


KINDS = (
    DeniedPartyKind(
        code="denied-parties",
        title="Denied parties",
        about="Whom nobody may trade with, by list. Open orders are screened again at once. Take an entry off with delisted: yes.",
        role="screen",
        place=90,
        draft=DeniedPartyDraft,
        table=DeniedParty,
        key=("list_code", "entry_no"),
        columns=(
            Column("list_code", "Which list", "EU-CONSOLIDATED"),
            Column("entry_no", "The entry's number in it", "EU.4711.55"),
            Column("names", "Every name, with semicolons between", "Ominous Trading Ltd; Ominous Torgovy Dom"),
            Column("country", "Country by ISO 3166; empty: not said", "RU"),
            Column("reason", "Why it is listed", "Regulation 269/2014"),
            Column("delisted", "Whether it was taken off the list", "no"),
        ),
    ),
)
