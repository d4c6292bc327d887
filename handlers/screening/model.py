"""Lists of denied parties, what of them was found on orders, and what was decided about it."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base
from handlers.columns import Flag, Key, Label, Moment, Quantity, Reference, SerialId, Written


class DeniedParty(Base):
    """An entry of a list of parties nobody may trade with. `names` has every name, with semicolons between."""

    __tablename__ = "denied_party"
    __table_args__ = (UniqueConstraint("list_code", "entry_no"),)

    id: Mapped[SerialId]
    list_code: Mapped[str]
    entry_no: Mapped[str]
    names: Mapped[str]
    country: Mapped[Label]
    reason: Mapped[Label]
    #: Whether the authority has taken it off the list.
    delisted: Mapped[Flag]


class DeniedPartyLists(Base):
    """One row: which state the lists have. It rises with each change, so that orders are screened again."""

    __tablename__ = "denied_party_lists"

    name: Mapped[Key]
    version_no: Mapped[int]


class Screening(Base):
    """With what an order was screened last: its parties as they were, and the state of the lists."""

    __tablename__ = "screening"

    order_no: Mapped[str] = mapped_column(ForeignKey("sales_order.order_no"), primary_key=True)
    parties: Mapped[str]
    version_no: Mapped[int]
    screened_at: Mapped[Written]


class ScreeningHit(Base):
    """A party of an order that may be one of a list. `verdict` is empty until it is decided; GONE where it is not alike any more."""

    __tablename__ = "screening_hit"
    __table_args__ = (
        CheckConstraint("verdict IN ('', 'TRUE', 'FALSE', 'GONE')", name="verdict"),
        UniqueConstraint("order_no", "role", "denied_party_id", "party_key", "entry_key", name="screening_hit_once"),
        Index("screening_hit_denied_party_ix", "denied_party_id"),
    )

    id: Mapped[SerialId]
    order_no: Mapped[str] = mapped_column(ForeignKey("sales_order.order_no"))
    role: Mapped[str]
    party_name: Mapped[str]
    country: Mapped[Label]
    denied_party_id: Mapped[Reference] = mapped_column(ForeignKey("denied_party.id"))
    matched_name: Mapped[str]
    score: Mapped[Quantity]
    party_key: Mapped[str]
    entry_key: Mapped[str]
    verdict: Mapped[Label]
    found_at: Mapped[Written]
    decided_at: Mapped[Moment | None]


class ScreeningDecision(Base):
    """What was decided about a party and an entry; it holds until either of them changes."""

    __tablename__ = "screening_decision"
    __table_args__ = (
        CheckConstraint("verdict IN ('TRUE', 'FALSE')", name="verdict"),
        Index("screening_decision_pair_ix", "party_key", "denied_party_id", text("id DESC")),
        Index("screening_decision_denied_party_ix", "denied_party_id"),
    )

    id: Mapped[SerialId]
    party_key: Mapped[str]
    denied_party_id: Mapped[Reference] = mapped_column(ForeignKey("denied_party.id"))
    entry_key: Mapped[str]
    verdict: Mapped[str]
    reason: Mapped[str]
    decided_by: Mapped[str]
    decided_at: Mapped[Written]
