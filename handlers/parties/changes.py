"""Changes of customers, suppliers and their addresses and contacts, each told in the audit log."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from engine.store.locks import Lock
from handlers.changes import Author, Differences, Record, add, change, note_added
from handlers.parties import master_data
from handlers.parties.master_data import AddressDraft, ContactDraft, CustomerDraft, SupplierDraft, find_customer
from handlers.parties.model import Address, Contact, Customer, Supplier

CUSTOMER = Record("customer", Customer, "customer_no", CustomerDraft, Lock.CUSTOMER, also=frozenset({"active", "account_hold"}))
SUPPLIER = Record("supplier", Supplier, "supplier_no", SupplierDraft, Lock.SUPPLIER, also=frozenset({"active"}))
ADDRESS = Record("address", Address, "id", AddressDraft, Lock.CUSTOMER, lock_by="customer_no")
CONTACT = Record("contact", Contact, "id", ContactDraft, Lock.CUSTOMER, lock_by="customer_no")


def add_customer(tx: Session, draft: CustomerDraft, addresses: Sequence[AddressDraft], by: Author) -> str:
    """Add a customer with its addresses; answers its number. Raises Invalid, NotFound, Conflict."""
    master_data.add_customer(tx, draft, addresses)
    return str(note_added(tx, CUSTOMER, draft, by))


def add_supplier(tx: Session, draft: SupplierDraft, addresses: Sequence[AddressDraft], by: Author) -> str:
    """Add a supplier with its addresses; answers its number. Raises Invalid, Conflict."""
    master_data.add_supplier(tx, draft, addresses)
    return str(note_added(tx, SUPPLIER, draft, by))


def change_customer(tx: Session, customer_no: str, changes: Mapping[str, Any], by: Author) -> Differences:
    """Change a customer's fields, `active` and `account_hold` among them. Raises NotFound, Invalid, Conflict."""
    return change(tx, CUSTOMER, customer_no, changes, by)


def change_supplier(tx: Session, supplier_no: str, changes: Mapping[str, Any], by: Author) -> Differences:
    """Change a supplier's fields, `active` among them. Raises NotFound, Invalid, Conflict."""
    return change(tx, SUPPLIER, supplier_no, changes, by)


def add_address(tx: Session, customer_no: str, draft: AddressDraft, by: Author) -> int:
    """Add an address of a customer; answers its id. Raises NotFound, Invalid."""
    find_customer(tx, customer_no)
    return int(add(tx, ADDRESS, draft, {"customer_no": customer_no}, by))


def change_address(tx: Session, address_id: int, changes: Mapping[str, Any], by: Author) -> Differences:
    """Correct an address of a customer; orders taken before keep theirs. Raises NotFound, Invalid, Conflict."""
    return change(tx, ADDRESS, address_id, changes, by)


def add_contact(tx: Session, draft: ContactDraft, by: Author) -> int:
    """Add a person at a customer or supplier; answers its id. Raises Invalid."""
    return int(add(tx, CONTACT, draft, {}, by))
