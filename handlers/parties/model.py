"""Our company, customers and suppliers."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base
from handlers.columns import Active, Counter, Flag, Key, Label, Percent, Quantity, SerialId, Written


class Company(Base):
    """We: the seller on every document. One row."""

    __tablename__ = "company"
    __table_args__ = (CheckConstraint("code = 'MAIN'", name="one"),)

    code: Mapped[str] = mapped_column(primary_key=True, server_default=text("'MAIN'"))
    name: Mapped[str]
    street: Mapped[Label]
    city: Mapped[Label]
    postal_code: Mapped[Label]
    region: Mapped[Label]
    country: Mapped[str]
    currency: Mapped[str]
    legal_id: Mapped[Label]
    vat_no: Mapped[Label]
    gln: Mapped[Label]
    peppol_id: Mapped[Label]
    email: Mapped[Label]
    phone: Mapped[Label]
    iban: Mapped[Label]
    bic: Mapped[Label]
    bank_name: Mapped[Label]


class Customer(Base):
    """Who buys. `account_hold` and `dunning_level` are kept by collections; limits are in the customer's currency."""

    __tablename__ = "customer"
    __table_args__ = (
        CheckConstraint("customer_class IN ('A', 'B', 'C')", name="class"),
        CheckConstraint("credit_limit >= 0 AND order_limit >= 0 AND secured_amount >= 0", name="limits"),
        CheckConstraint("net_days >= 0 AND discount_days >= 0 AND discount_pct >= 0 AND discount_pct < 100", name="terms"),
        CheckConstraint("dunning_level >= 0", name="dunning_level"),
        CheckConstraint("invoice_cycle IN ('SHIPMENT', 'WEEKLY', 'MONTHLY')", name="invoice_cycle"),
        CheckConstraint("invoice_pdf IN ('PLAIN', 'FACTUR_X')", name="invoice_pdf"),
        Index("customer_name_ix", text("lower(name)")),
        Index("customer_gln_ix", "gln"),
        Index("customer_vat_no_ix", "vat_no"),
    )

    customer_no: Mapped[Key]
    name: Mapped[str]
    customer_class: Mapped[str] = mapped_column(server_default=text("'B'"))
    customer_group: Mapped[Label]
    channel: Mapped[Label]
    region: Mapped[Label]
    country: Mapped[str]
    currency: Mapped[str]
    language: Mapped[str] = mapped_column(server_default=text("'en'"))
    vat_no: Mapped[Label]
    legal_id: Mapped[Label]
    gln: Mapped[Label]
    peppol_id: Mapped[Label]
    email: Mapped[Label]
    invoice_channel: Mapped[str] = mapped_column(server_default=text("'mail'"))
    #: Whether each shipment is invoiced alone, or with all others of a week or month.
    invoice_cycle: Mapped[str] = mapped_column(server_default=text("'SHIPMENT'"))
    #: Whether the PDF of its invoices and credit memos carries their data (Factur-X, ZUGFeRD).
    invoice_pdf: Mapped[str] = mapped_column(server_default=text("'PLAIN'"))
    credit_limit: Mapped[Counter]
    order_limit: Mapped[Counter]
    credit_tolerance_pct: Mapped[Percent]
    secured_amount: Mapped[Counter]
    net_days: Mapped[int] = mapped_column(server_default=text("30"))
    discount_pct: Mapped[Percent]
    discount_days: Mapped[int] = mapped_column(server_default=text("0"))
    #: The terms of the table `payment-terms` by which it pays in instalments; empty where invoices are paid at once.
    payment_term: Mapped[Label]
    incoterm: Mapped[str] = mapped_column(server_default=text("'FCA'"))
    requires_po: Mapped[Flag]
    po_pattern: Mapped[Label]
    min_order_value: Mapped[Counter]
    ship_complete: Mapped[Flag]
    account_hold: Mapped[Flag]
    dunning_level: Mapped[int] = mapped_column(server_default=text("0"))
    paid_by_customer_no: Mapped[str | None] = mapped_column(ForeignKey("customer.customer_no"), index=True)
    #: Whether its money goes to what is due first, where it names nothing.
    oldest_first: Mapped[Flag]
    active: Mapped[Active]
    created_at: Mapped[Written]


class Supplier(Base):
    """Who sells to us and ships to our customers."""

    __tablename__ = "supplier"
    __table_args__ = (
        CheckConstraint("net_days >= 0", name="net_days"),
        CheckConstraint("0 <= discount_pct AND discount_pct <= 100 AND 0 <= discount_days", name="discount"),
        Index("supplier_name_ix", text("lower(name)")),
    )

    supplier_no: Mapped[Key]
    name: Mapped[str]
    region: Mapped[Label]
    country: Mapped[str]
    currency: Mapped[str]
    vat_no: Mapped[Label]
    gln: Mapped[Label]
    peppol_id: Mapped[Label]
    email: Mapped[Label]
    order_channel: Mapped[str] = mapped_column(server_default=text("'mail'"))
    net_days: Mapped[int] = mapped_column(server_default=text("30"))
    #: What we may take off a bill of theirs when we pay within `discount_days`.
    discount_pct: Mapped[Percent]
    discount_days: Mapped[int] = mapped_column(server_default=text("0"))
    freight_per_order: Mapped[Counter]
    min_order_value: Mapped[Counter]
    rating: Mapped[Percent]
    neutral_packing: Mapped[Active]
    active: Mapped[Active]
    created_at: Mapped[Written]


class Address(Base):
    """Where a party is. `kind` is BILL or SHIP; the default of its kind is used when an order names none."""

    __tablename__ = "address"
    __table_args__ = (
        CheckConstraint("num_nonnulls(customer_no, supplier_no) = 1", name="one_party"),
        CheckConstraint("kind IN ('BILL', 'SHIP')", name="kind"),
        Index("address_gln_ix", "gln"),
    )

    id: Mapped[SerialId]
    customer_no: Mapped[str | None] = mapped_column(ForeignKey("customer.customer_no"), index=True)
    supplier_no: Mapped[str | None] = mapped_column(ForeignKey("supplier.supplier_no"), index=True)
    kind: Mapped[str]
    name: Mapped[str]
    street: Mapped[Label]
    city: Mapped[Label]
    postal_code: Mapped[Label]
    region: Mapped[Label]
    country: Mapped[str]
    gln: Mapped[Label]
    is_default: Mapped[Active]


class Contact(Base):
    """A person at a party."""

    __tablename__ = "contact"
    __table_args__ = (CheckConstraint("num_nonnulls(customer_no, supplier_no) = 1", name="one_party"),)

    id: Mapped[SerialId]
    customer_no: Mapped[str | None] = mapped_column(ForeignKey("customer.customer_no"), index=True)
    supplier_no: Mapped[str | None] = mapped_column(ForeignKey("supplier.supplier_no"), index=True)
    name: Mapped[str]
    role: Mapped[Label]
    email: Mapped[Label]
    phone: Mapped[Label]


class BankAccount(Base):
    """An account a customer pays from: receipts are recognised by it."""

    __tablename__ = "bank_account"

    iban: Mapped[Key]
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"), index=True)
    bic: Mapped[Label]
    holder: Mapped[Label]


class Policy(Base):
    """A number the company has chosen otherwise than the default in `policy.py`."""

    __tablename__ = "policy"

    name: Mapped[Key]
    value: Mapped[Quantity]
