"""What is kept of an item's supply for whom, what we make ourselves, and what is to be made for orders."""

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base
from handlers.columns import Active, Key, Quantity, Written


class SupplyAllocation(Base):
    """So much of an item in a warehouse is kept, in what ships between two days, for orders of a customer class, a channel, or both.

    It is a quantity or a share (in percent) of the supply of those days. Empty conditions match everything. From `release_days` before
    the last day on, what is not used is free for all; earlier, those with a lower priority number may use it.
    """

    __tablename__ = "supply_allocation"
    __table_args__ = (
        CheckConstraint("customer_class <> '' OR channel <> ''", name="for_whom"),
        CheckConstraint("num_nonnulls(qty, share_pct) = 1", name="how_much"),
        CheckConstraint("qty > 0 AND share_pct > 0 AND share_pct <= 100 AND release_days >= 0 AND priority > 0", name="numbers"),
        CheckConstraint("valid_from <= valid_until", name="validity"),
        Index("supply_allocation_warehouse_ix", "warehouse_code"),
    )

    sku: Mapped[str] = mapped_column(ForeignKey("item.sku"), primary_key=True)
    warehouse_code: Mapped[str] = mapped_column(ForeignKey("warehouse.code"), primary_key=True)
    customer_class: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    valid_until: Mapped[date]
    qty: Mapped[Quantity | None]
    share_pct: Mapped[Decimal | None] = mapped_column(Numeric(9, 4))
    release_days: Mapped[int] = mapped_column(server_default=text("0"))
    priority: Mapped[int] = mapped_column(server_default=text("1"))


class MadeItem(Base):
    """An item that we make or assemble in a place: what is begun now is done after so many of its working days.

    `per_day` is the most that is done on one working day; without it there is no limit.
    """

    __tablename__ = "made_item"
    __table_args__ = (
        CheckConstraint("lead_days >= 0 AND per_day > 0", name="numbers"),
        Index("made_item_warehouse_ix", "warehouse_code"),
    )

    sku: Mapped[str] = mapped_column(ForeignKey("item.sku"), primary_key=True)
    warehouse_code: Mapped[str] = mapped_column(ForeignKey("warehouse.code"), primary_key=True)
    lead_days: Mapped[int]
    per_day: Mapped[Quantity | None]
    active: Mapped[Active]


class ProductionRequest(Base):
    """What is to be made for an order, asked for when it was promised. It is expected like any supply, of kind WIP under its number."""

    __tablename__ = "production_request"
    __table_args__ = (
        CheckConstraint("qty > 0", name="qty"),
        Index("production_request_order_ix", "order_no"),
        Index("production_request_sku_ix", "sku", "request_no"),
        Index("production_request_warehouse_ix", "warehouse_code"),
    )

    request_no: Mapped[Key]
    order_no: Mapped[str] = mapped_column(ForeignKey("sales_order.order_no"))
    sku: Mapped[str] = mapped_column(ForeignKey("item.sku"))
    warehouse_code: Mapped[str] = mapped_column(ForeignKey("warehouse.code"))
    qty: Mapped[Quantity]
    ready_on: Mapped[date]
    requested_at: Mapped[Written]
