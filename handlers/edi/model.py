"""Who we exchange interchanges with, and every interchange that came or went, with what was found in it and what became of it."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base
from handlers.columns import Active, Flag, JsonList, JsonObject, Key, Label, Moment, Reference, SerialId, Written


class EdiPartner(Base):
    """Whose interchanges we take and which papers it gets by them: one customer by one address in one syntax, in earnest or as a test."""

    __tablename__ = "edi_partner"
    __table_args__ = (
        CheckConstraint("syntax IN ('X12', 'EDIFACT')", name="syntax"),
        Index("edi_partner_address_ix", "syntax", "their_qualifier", "their_id", "our_qualifier", "our_id", "is_test", unique=True),
        Index("edi_partner_customer_ix", "customer_no"),
    )

    partner_no: Mapped[Key]
    name: Mapped[str]
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"))
    syntax: Mapped[str]
    #: What our papers are written by: 004010, or D96A and D01B.
    message_version: Mapped[str]
    their_qualifier: Mapped[Label]
    their_id: Mapped[str]
    our_qualifier: Mapped[Label]
    our_id: Mapped[str]
    #: The application codes of an X12 group (GS02, GS03) where they differ from the interchange's.
    their_group_id: Mapped[Label]
    our_group_id: Mapped[Label]
    is_test: Mapped[Flag]
    acknowledges: Mapped[Active]
    sends_order_response: Mapped[Active]
    sends_despatch_advice: Mapped[Active]
    sends_invoice: Mapped[Active]
    active: Mapped[Active]
    created_at: Mapped[Written]


class EdiLocation(Base):
    """A place by the code under which a partner's papers name it, such as a store's number."""

    __tablename__ = "edi_location"

    partner_no: Mapped[str] = mapped_column(ForeignKey("edi_partner.partner_no"), primary_key=True)
    code: Mapped[Key]
    address_id: Mapped[Reference] = mapped_column(ForeignKey("address.id"), index=True)


class EdiExchange(Base):
    """How it stands with the place where files are exchanged, and until when one process alone looks into it. By the machines' clock."""

    __tablename__ = "edi_exchange"

    address: Mapped[Key]
    looked_at: Mapped[Moment | None]
    reached_at: Mapped[Moment | None]
    failing_since: Mapped[Moment | None]
    problem: Mapped[Label]
    looking_until: Mapped[Moment] = mapped_column(server_default=text("now()"))


class EdiInterchange(Base):
    """An interchange as it came (IN) or went (OUT).

    `status` is what was acknowledged: by us of what came, by the partner of what went (SENT: nothing yet). A control number is used once;
    of what was rejected whole it may come again.
    """

    __tablename__ = "edi_interchange"
    __table_args__ = (
        CheckConstraint("direction IN ('IN', 'OUT')", name="direction"),
        CheckConstraint("status IN ('SENT', 'ACCEPTED', 'WITH_ERRORS', 'PARTLY', 'REJECTED')", name="status"),
        Index(
            "edi_interchange_control_ix",
            "direction",
            "syntax",
            "sender",
            "receiver",
            "control_no",
            unique=True,
            postgresql_where=text("status <> 'REJECTED' OR direction = 'OUT'"),
        ),
        Index("edi_interchange_received_ix", "received_at", "id"),
        Index("edi_interchange_partner_ix", "partner_no", "received_at"),
        Index("edi_interchange_document_ix", "document_id"),
    )

    id: Mapped[SerialId]
    direction: Mapped[str]
    partner_no: Mapped[str | None] = mapped_column(ForeignKey("edi_partner.partner_no"))
    syntax: Mapped[Label]
    sender: Mapped[Label]
    receiver: Mapped[Label]
    control_no: Mapped[Label]
    is_test: Mapped[Flag]
    #: The characters it is written with, and its character set.
    separators: Mapped[JsonObject]
    sha256: Mapped[str]
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[str]
    findings: Mapped[JsonList]
    #: The acknowledgement of what came, the paper that went.
    document_id: Mapped[Reference | None] = mapped_column(ForeignKey("document.id"))
    received_at: Mapped[Written]


class EdiTransaction(Base):
    """One transaction set or message of an interchange.

    `acknowledged` is how its syntax was judged, `state` how far it came: RECEIVED waits for its process, DONE was taken in, REFUSED was
    not, by a person's decision; REJECTED could not be read; SENT is one of ours. `reference` is what it made or is about, an order.
    """

    __tablename__ = "edi_transaction"
    __table_args__ = (
        CheckConstraint("acknowledged IN ('', 'ACCEPTED', 'WITH_ERRORS', 'REJECTED')", name="acknowledged"),
        CheckConstraint("state IN ('RECEIVED', 'DONE', 'REFUSED', 'REJECTED', 'SENT')", name="state"),
        UniqueConstraint("interchange_id", "position"),
        Index("edi_transaction_reference_ix", "reference"),
        Index("edi_transaction_open_ix", "id", postgresql_where=text("state = 'RECEIVED'")),
    )

    id: Mapped[SerialId]
    interchange_id: Mapped[Reference] = mapped_column(ForeignKey("edi_interchange.id"))
    position: Mapped[int]
    kind: Mapped[Label]
    functional_id: Mapped[Label]
    group_no: Mapped[Label]
    control_no: Mapped[Label]
    version: Mapped[Label]
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    acknowledged: Mapped[Label]
    findings: Mapped[JsonList]
    state: Mapped[str]
    #: The number the sender gave it: a purchase order's.
    number: Mapped[Label]
    reference: Mapped[Label]
    #: Why it could not be taken in, the last time it was tried: code, detail, next_step.
    problem: Mapped[JsonObject]
