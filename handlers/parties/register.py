"""Adds and changes our company, customers and suppliers. Every number is checked before anything is written."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.problems import Invalid, NotFound
from handlers.parties.model import Address, BankAccount, Company, Contact, Customer, Supplier
from handlers.rowsets import add_once, complete, insert_rows, put
from handlers.values import currency_code, not_negative

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyDraft:
    """Ourselves, as printed on documents. `currency` is the one the books are kept in."""

    name: str
    country: str
    currency: str
    street: str = ""
    city: str = ""
    postal_code: str = ""
    region: str = ""
    legal_id: str = ""
    vat_no: str = ""
    gln: str = ""
    peppol_id: str = ""
    email: str = ""
    phone: str = ""
    iban: str = ""
    bic: str = ""
    bank_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerDraft:
    """A customer to add. Limits are in the customer's currency; terms are days from the invoice."""

    customer_no: str
    name: str
    country: str
    currency: str
    customer_class: str = "B"
    customer_group: str = ""
    channel: str = ""
    region: str = ""
    language: str = "en"
    vat_no: str = ""
    legal_id: str = ""
    gln: str = ""
    peppol_id: str = ""
    email: str = ""
    invoice_channel: str = "mail"
    credit_limit: Decimal = ZERO
    order_limit: Decimal = ZERO
    credit_tolerance_pct: Decimal = ZERO
    secured_amount: Decimal = ZERO
    net_days: int = 30
    discount_pct: Decimal = ZERO
    discount_days: int = 0
    incoterm: str = "FCA"
    requires_po: bool = False
    po_pattern: str = ""
    min_order_value: Decimal = ZERO
    ship_complete: bool = False
    paid_by_customer_no: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierDraft:
    """A supplier to add."""

    supplier_no: str
    name: str
    country: str
    currency: str
    region: str = ""
    vat_no: str = ""
    gln: str = ""
    peppol_id: str = ""
    email: str = ""
    order_channel: str = "mail"
    net_days: int = 30
    freight_per_order: Decimal = ZERO
    min_order_value: Decimal = ZERO
    rating: Decimal = ZERO
    neutral_packing: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressDraft:
    """An address of a customer or of a supplier. `kind` is BILL or SHIP."""

    name: str
    country: str
    kind: str = "SHIP"
    street: str = ""
    city: str = ""
    postal_code: str = ""
    region: str = ""
    gln: str = ""
    is_default: bool = True


def set_company(tx: Session, draft: CompanyDraft) -> None:
    """Say who we are; again to change it."""
    currency_code(draft.currency)
    values = complete(draft)
    tx.execute(insert(Company).values(code="MAIN", **values).on_conflict_do_update(index_elements=["code"], set_=values))


def company(tx: Session) -> Company:
    """Ourselves. Raises NotFound while nobody has said who we are."""
    found = tx.get(Company, "MAIN")
    if found is None:
        raise NotFound("The company is not set up.", code="company_missing", next_step="Enter the company's name, address and currency.")
    return found


def add_customer(tx: Session, draft: CustomerDraft, addresses: Sequence[AddressDraft] = ()) -> None:
    """Add a customer with its addresses; without any, bill and ship to the name in its country. Raises Invalid, Conflict."""
    currency_code(draft.currency)
    for name in ("credit_limit", "order_limit", "credit_tolerance_pct", "secured_amount", "discount_pct", "min_order_value"):
        not_negative(getattr(draft, name), name)
    if draft.customer_class not in {"A", "B", "C"}:
        raise Invalid(f"{draft.customer_class!r} is no customer class.", code="customer_class", next_step="Use A, B or C.")
    if draft.paid_by_customer_no is not None:
        find_customer(tx, draft.paid_by_customer_no)
    add_once(tx, Customer, draft, f"Customer {draft.customer_no}")
    given = list(addresses) or [AddressDraft(name=draft.name, country=draft.country, region=draft.region)]
    if not any(address.kind == "BILL" for address in given):
        given.append(AddressDraft(**{**asdict(given[0]), "kind": "BILL", "is_default": True}))
    insert_rows(tx, Address, [{"customer_no": draft.customer_no, **complete(address)} for address in given])


def add_supplier(tx: Session, draft: SupplierDraft, addresses: Sequence[AddressDraft] = ()) -> None:
    """Add a supplier with its addresses. Raises Invalid, Conflict."""
    currency_code(draft.currency)
    for name in ("freight_per_order", "min_order_value", "rating"):
        not_negative(getattr(draft, name), name)
    add_once(tx, Supplier, draft, f"Supplier {draft.supplier_no}")
    insert_rows(tx, Address, [{"supplier_no": draft.supplier_no, **complete(address)} for address in addresses])


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactDraft:
    """A person at a customer or supplier."""

    name: str
    customer_no: str | None = None
    supplier_no: str | None = None
    role: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccountDraft:
    """An account a customer pays from."""

    iban: str
    customer_no: str
    bic: str = ""
    holder: str = ""


def add_contact(tx: Session, draft: ContactDraft) -> None:
    """Add a person at a customer or supplier."""
    insert_rows(tx, Contact, [asdict(draft)])


def set_bank_account(tx: Session, draft: BankAccountDraft) -> None:
    """Say which customer pays from an account. Raises NotFound for an unknown customer."""
    find_customer(tx, draft.customer_no)
    put(tx, BankAccount, draft, ["iban"])


def find_customer(tx: Session, customer_no: str) -> Customer:
    """The customer. Raises NotFound."""
    found = tx.get(Customer, customer_no)
    if found is None:
        raise NotFound(
            f"There is no customer {customer_no}.",
            code="customer_unknown",
            next_step="Check the number, or add the customer first.",
        )
    return found


def default_address(tx: Session, customer_no: str, kind: str) -> dict[str, str]:
    """The customer's usual address of a kind, as it is copied onto an order; empty when none is known."""
    found = tx.scalars(
        select(Address).where(Address.customer_no == customer_no, Address.kind == kind).order_by(Address.is_default.desc(), Address.id)
    ).first()
    return as_ordered(found) if found else {}


def as_ordered(address: Address) -> dict[str, str]:
    """An address as it is copied onto an order."""
    return {name: getattr(address, name) for name in ADDRESS_PARTS}


#: What an order keeps of an address.
ADDRESS_PARTS = ("name", "street", "city", "postal_code", "region", "country", "gln")
