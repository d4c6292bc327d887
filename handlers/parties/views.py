"""Customers and suppliers as people and programs are shown them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from engine.runtime.read.pending_changes import ChangeRow, list_waiting
from engine.store.paging import AnyRow, Asked, Key, Page, read_page
from handlers.changes import row_of, version_of
from handlers.parties.changes import CUSTOMER, SUPPLIER
from handlers.parties.model import Address, BankAccount, Contact, Customer, Supplier


@dataclass(frozen=True, slots=True)
class CustomerSummary:
    """A customer as a list shows it; limits are in its currency."""

    customer_no: str
    name: str
    customer_class: str
    country: str
    currency: str
    credit_limit: Decimal
    net_days: int
    account_hold: bool
    active: bool


@dataclass(frozen=True, slots=True)
class SupplierSummary:
    """A supplier as a list shows it."""

    supplier_no: str
    name: str
    country: str
    currency: str
    net_days: int
    order_channel: str
    active: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """One record with what belongs to it; `version` tells whether somebody changes it meanwhile."""

    row: dict[str, Any]
    version: str
    addresses: Sequence[AnyRow]
    contacts: Sequence[AnyRow]
    bank_accounts: Sequence[AnyRow] = ()
    pending: Sequence[ChangeRow] = ()


def list_customers(tx: Session, search: str, asked: Asked, *, count: bool = False) -> Page[CustomerSummary]:
    """Customers by number; `search` finds number, name, VAT number and GLN."""
    statement = select(*_columns(Customer, CustomerSummary)).where(*_found(search, Customer.customer_no, Customer))
    return read_page(tx, statement, (Key(Customer.customer_no),), asked, count=count).typed(CustomerSummary)


def list_suppliers(tx: Session, search: str, asked: Asked, *, count: bool = False) -> Page[SupplierSummary]:
    """Suppliers by number; `search` finds number, name, VAT number and GLN."""
    statement = select(*_columns(Supplier, SupplierSummary)).where(*_found(search, Supplier.supplier_no, Supplier))
    return read_page(tx, statement, (Key(Supplier.supplier_no),), asked, count=count).typed(SupplierSummary)


def show_customer(tx: Session, customer_no: str) -> Shown:
    """One customer with addresses, contacts, bank accounts and changes of them that wait. Raises NotFound."""
    row = row_of(tx, CUSTOMER, customer_no)
    accounts = BankAccount.__table__.c
    return Shown(
        row,
        version_of(row),
        _of(tx, Address, Address.customer_no == customer_no),
        _of(tx, Contact, Contact.customer_no == customer_no),
        tx.execute(select(*accounts).where(accounts.customer_no == customer_no).order_by(accounts.iban)).all(),
        list_waiting(tx, f"customer:{customer_no}"),
    )


def show_supplier(tx: Session, supplier_no: str) -> Shown:
    """One supplier with addresses and contacts. Raises NotFound."""
    row = row_of(tx, SUPPLIER, supplier_no)
    ours = Address.supplier_no == supplier_no, Contact.supplier_no == supplier_no
    return Shown(row, version_of(row), _of(tx, Address, ours[0]), _of(tx, Contact, ours[1]))


def _of(tx: Session, table: Any, condition: ColumnElement[bool]) -> Sequence[AnyRow]:
    return tx.execute(select(*table.__table__.c).where(condition).order_by(table.id)).all()


def _columns(table: Any, summary: Any) -> list[Any]:
    return [getattr(table, name) for name in summary.__dataclass_fields__]


def _found(search: str, number: Any, table: Any) -> list[ColumnElement[bool]]:
    if not search:
        return []
    starts = (column.istartswith(search, autoescape=True) for column in (number, table.vat_no, table.gln))
    return [or_(table.name.icontains(search, autoescape=True), *starts)]
