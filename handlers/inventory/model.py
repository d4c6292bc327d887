"""Stock as facts: balances are what movements add up to, and never less than what is reserved of them."""

from datetime import date, time

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base
from handlers.columns import Active, Amount, Counter, Key, Label, Moment, Quantity, Reference, SerialId, Written


class Warehouse(Base):
    """A place we ship from. `country` gives its holidays, `time_zone` its days and cut-off."""

    __tablename__ = "warehouse"
    __table_args__ = (CheckConstraint("handling_days >= 0", name="handling_days"),)

    code: Mapped[Key]
    name: Mapped[str]
    street: Mapped[Label]
    city: Mapped[Label]
    postal_code: Mapped[Label]
    region: Mapped[Label]
    country: Mapped[str]
    time_zone: Mapped[str] = mapped_column(server_default=text("'UTC'"))
    cut_off: Mapped[time] = mapped_column(server_default=text("'16:00'"))
    handling_days: Mapped[int] = mapped_column(server_default=text("0"))
    gln: Mapped[Label]
    active: Mapped[Active]
    calendar_code: Mapped[str | None]  # a business calendar whose days it ships on; without one, the working days of its country


class StockBalance(Base):
    """How much of an item lies in a warehouse, how much of it is reserved, and what it is worth in the company's currency."""

    __tablename__ = "stock_balance"
    __table_args__ = (
        UniqueConstraint("sku", "warehouse_code", "lot"),
        CheckConstraint("0 <= reserved AND reserved <= on_hand", name="reserved"),
        CheckConstraint("in_transit >= 0 AND safety_stock >= 0", name="numbers"),
        Index("stock_balance_warehouse_ix", "warehouse_code", "sku"),
    )

    id: Mapped[SerialId]
    sku: Mapped[str] = mapped_column(ForeignKey("item.sku"))
    warehouse_code: Mapped[str] = mapped_column(ForeignKey("warehouse.code"))
    lot: Mapped[Label]
    on_hand: Mapped[Counter]
    reserved: Mapped[Counter]
    in_transit: Mapped[Counter]
    safety_stock: Mapped[Counter]
    value: Mapped[Counter]
    expires_on: Mapped[date | None]
    version: Mapped[int] = mapped_column(server_default=text("0"))


class PickingPlace(Base):
    """Where an item is taken from in a warehouse; pick lists of waves go by it."""

    __tablename__ = "picking_place"
    __table_args__ = (Index("picking_place_sku_ix", "sku"),)

    warehouse_code: Mapped[str] = mapped_column(ForeignKey("warehouse.code"), primary_key=True)
    sku: Mapped[str] = mapped_column(ForeignKey("item.sku"), primary_key=True)
    place: Mapped[str]


class StockMovement(Base):
    """A change of a balance; never updated. Kind and reference make it once: a repeated receipt or issue is refused."""

    __tablename__ = "stock_movement"
    __table_args__ = (
        CheckConstraint("kind IN ('OPENING', 'RECEIPT', 'ISSUE', 'RETURN', 'ADJUSTMENT', 'TRANSFER')", name="kind"),
        CheckConstraint("qty <> 0", name="qty"),
        UniqueConstraint("kind", "reference", "balance_id", name="stock_movement_once"),
        Index("stock_movement_balance_ix", "balance_id", "id"),
        Index("stock_movement_reference_ix", "reference"),
    )

    id: Mapped[SerialId]
    balance_id: Mapped[Reference] = mapped_column(ForeignKey("stock_balance.id"))
    kind: Mapped[str]
    reference: Mapped[str]
    qty: Mapped[Quantity]
    value: Mapped[Amount]
    moved_at: Mapped[Written]


class Reservation(Base):
    """A part of a balance kept for a fulfilment line."""

    __tablename__ = "reservation"
    __table_args__ = (
        CheckConstraint("qty > 0", name="qty"),
        CheckConstraint("kind IN ('SOFT', 'HARD')", name="kind"),
        CheckConstraint("state IN ('ACTIVE', 'CONSUMED', 'RELEASED', 'EXPIRED')", name="state"),
        Index("reservation_active_ix", "balance_id", postgresql_where=text("state = 'ACTIVE'")),
        Index("reservation_fulfil_line_ix", "fulfil_line_id"),
        Index("reservation_expiry_ix", "expires_at", postgresql_where=text("state = 'ACTIVE'")),
    )

    id: Mapped[SerialId]
    fulfil_line_id: Mapped[Reference] = mapped_column(ForeignKey("fulfil_line.id"))
    balance_id: Mapped[Reference] = mapped_column(ForeignKey("stock_balance.id"))
    qty: Mapped[Quantity]
    kind: Mapped[str] = mapped_column(server_default=text("'HARD'"))
    state: Mapped[str] = mapped_column(server_default=text("'ACTIVE'"))
    expires_at: Mapped[Moment | None]
    created_at: Mapped[Written]
    ended_at: Mapped[Moment | None]


class Supply(Base):
    """What is expected to arrive."""

    __tablename__ = "supply"
    __table_args__ = (
        UniqueConstraint("kind", "reference", "sku", "warehouse_code"),
        CheckConstraint("kind IN ('PO', 'TRANSFER', 'WIP', 'RETURN')", name="kind"),
        CheckConstraint("qty_open >= 0 AND qty_received >= 0 AND unit_cost >= 0", name="numbers"),
        Index("supply_open_ix", "sku", "warehouse_code", "due_date", postgresql_where=text("qty_open > 0")),
        Index("supply_warehouse_ix", "warehouse_code"),
    )

    id: Mapped[SerialId]
    kind: Mapped[str]
    reference: Mapped[str]
    sku: Mapped[str] = mapped_column(ForeignKey("item.sku"))
    warehouse_code: Mapped[str] = mapped_column(ForeignKey("warehouse.code"))
    due_date: Mapped[date]
    qty_open: Mapped[Quantity]
    qty_received: Mapped[Counter]
    unit_cost: Mapped[Counter]
