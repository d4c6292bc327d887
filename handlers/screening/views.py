"""What was decided about parties that may be denied: who was cleared or refused, by whom, why, as people and programs are shown it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from engine.problems import refuse_unknown
from engine.store.paging import Asked, Key, Page, read_page
from handlers.screening.model import DeniedParty, ScreeningDecision, ScreeningHit

#: How a decision is asked for: the party is the one on the list, or another of a like name.
VERDICTS: Final = {"refused": "TRUE", "cleared": "FALSE"}


@dataclass(frozen=True, slots=True)
class DecisionFilter:
    """Which decisions to list: `verdict` is refused or cleared, `search` a party, an entry or an order."""

    verdict: str = ""
    search: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """What was decided of a party and an entry of a list: `verdict` is TRUE where it is them. `order_no` is the order it was found on."""

    id: int
    verdict: str
    party_name: str
    country: str
    role: str
    order_no: str
    list_code: str
    entry_no: str
    matched_name: str
    score: Decimal
    entry_reason: str
    delisted: bool
    decided_by: str
    reason: str
    decided_at: datetime


def list_decisions(tx: Session, wanted: DecisionFilter, asked: Asked, *, count: bool = False) -> Page[DecisionRow]:
    """The decisions, the latest first. Raises Invalid for a verdict that there is not."""
    refuse_unknown(wanted.verdict, VERDICTS, "verdict", "verdict")
    statement = _decisions()
    if wanted.verdict:
        statement = statement.where(ScreeningDecision.verdict == VERDICTS[wanted.verdict])
    if wanted.search:
        found = statement.selected_columns
        columns = (found.party_name, found.matched_name, found.entry_no, found.order_no)
        first, *others = [column.icontains(wanted.search, autoescape=True) for column in columns]
        for other in others:
            first |= other
        statement = statement.where(first)
    return read_page(tx, statement, (Key(ScreeningDecision.id, descending=True),), asked, count=count).typed(DecisionRow)


def _decisions() -> Any:
    """Each decision with the match that it was made of: the latest of its pair that was there by then."""
    of_pair = (
        select(ScreeningHit)
        .where(
            ScreeningHit.denied_party_id == ScreeningDecision.denied_party_id,
            ScreeningHit.party_key == ScreeningDecision.party_key,
            ScreeningHit.entry_key == ScreeningDecision.entry_key,
            ScreeningHit.found_at <= ScreeningDecision.decided_at,
        )
        .order_by(ScreeningHit.id.desc())
        .limit(1)
        .lateral("hit")
    )
    hit = of_pair.c
    return (
        select(
            ScreeningDecision.id,
            ScreeningDecision.verdict,
            func.coalesce(hit.party_name, ScreeningDecision.party_key).label("party_name"),
            func.coalesce(hit.country, "").label("country"),
            func.coalesce(hit.role, "").label("role"),
            func.coalesce(hit.order_no, "").label("order_no"),
            DeniedParty.list_code,
            DeniedParty.entry_no,
            func.coalesce(hit.matched_name, DeniedParty.names).label("matched_name"),
            func.coalesce(hit.score, 0).label("score"),
            DeniedParty.reason.label("entry_reason"),
            DeniedParty.delisted,
            ScreeningDecision.decided_by,
            ScreeningDecision.reason,
            ScreeningDecision.decided_at,
        )
        .join(DeniedParty, DeniedParty.id == ScreeningDecision.denied_party_id)
        .outerjoin(of_pair, true())
    )
