"""Shipments as facts. The state of one follows from its times: packed, shipped, delivered."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base
from handlers.columns import Active, Amount, Counter, Key, Label, Moment, Quantity, Reference, SerialId, Written


class Shipment(Base):
    """What one warehouse or supplier sends to a customer at one time."""

    __tablename__ = "shipment"
    __table_args__ = (
        CheckConstraint("kind IN ('STOCK', 'DROP')", name="kind"),
        CheckConstraint("package_count >= 0 AND weight_kg >= 0", name="numbers"),
        CheckConstraint("delivered_at IS NULL OR shipped_at IS NOT NULL", name="delivered"),
        CheckConstraint("cancelled_at IS NULL OR shipped_at IS NULL", name="cancelled"),
        Index("shipment_group_ix", "group_no"),
        Index("shipment_order_ix", "order_no"),
        Index("shipment_shipped_ix", "shipped_at"),
        Index("shipment_delivered_ix", "delivered_at"),
        Index("shipment_label_document_ix", "label_document_id"),
        Index(
            "shipment_on_its_way_ix",
            "tracked_at",
            "shipment_no",
            postgresql_where=text("shipped_at IS NOT NULL AND delivered_at IS NULL AND cancelled_at IS NULL"),
        ),
    )

    shipment_no: Mapped[Key]
    group_no: Mapped[str] = mapped_column(ForeignKey("fulfil_group.group_no"))
    order_no: Mapped[str] = mapped_column(ForeignKey("sales_order.order_no"))
    kind: Mapped[str]
    carrier: Mapped[Label]
    service: Mapped[Label]
    tracking_no: Mapped[Label]
    carrier_cost: Mapped[Amount | None]
    carrier_currency: Mapped[Label]
    label_document_id: Mapped[Reference | None] = mapped_column(ForeignKey("document.id"))
    package_count: Mapped[int] = mapped_column(server_default=text("0"))
    weight_kg: Mapped[Counter]
    packed_at: Mapped[Moment | None]
    shipped_at: Mapped[Moment | None]
    delivered_at: Mapped[Moment | None]
    #: What the carrier said last of where it is, when it was asked, and who signed for it.
    track_status: Mapped[Label]
    tracked_at: Mapped[Moment | None]
    signed_by: Mapped[Label]
    #: Set when the goods went back to the shelf before they left.
    cancelled_at: Mapped[Moment | None]
    created_at: Mapped[Written]


class ShipmentLine(Base):
    """How much of a fulfilment line is in a shipment. `cost` is what left the books at shipping; `cogs` what of it became cost of sales."""

    __tablename__ = "shipment_line"
    __table_args__ = (
        # The same fulfilment line can never leave twice in one shipment (INV-07).
        UniqueConstraint("fulfil_line_id", "shipment_no"),
        CheckConstraint("qty > 0 AND cost >= 0 AND 0 <= cogs AND cogs <= cost", name="numbers"),
        Index("shipment_line_shipment_ix", "shipment_no"),
    )

    id: Mapped[SerialId]
    shipment_no: Mapped[str] = mapped_column(ForeignKey("shipment.shipment_no"))
    fulfil_line_id: Mapped[Reference] = mapped_column(ForeignKey("fulfil_line.id"))
    qty: Mapped[Quantity]
    cost: Mapped[Counter]
    cogs: Mapped[Counter]


class Carton(Base):
    """What goods are packed into: how many litres it holds, how heavy what is in it may be, and what it weighs itself."""

    __tablename__ = "carton"
    __table_args__ = (CheckConstraint("volume_l > 0 AND max_kg > 0 AND tare_kg >= 0", name="numbers"),)

    code: Mapped[Key]
    name: Mapped[str]
    volume_l: Mapped[Quantity]
    max_kg: Mapped[Quantity]
    tare_kg: Mapped[Counter]
    active: Mapped[Active]


class Package(Base):
    """One parcel or pallet with its serial shipping container code, and the carton it is in where that is known."""

    __tablename__ = "package"
    __table_args__ = (
        UniqueConstraint("shipment_no", "package_no"),
        CheckConstraint("package_no > 0 AND weight_kg >= 0", name="numbers"),
        Index("package_carton_ix", "carton_code"),
    )

    sscc: Mapped[Key]
    shipment_no: Mapped[str] = mapped_column(ForeignKey("shipment.shipment_no"))
    package_no: Mapped[int]
    weight_kg: Mapped[Counter]
    carton_code: Mapped[str | None] = mapped_column(ForeignKey("carton.code"))
