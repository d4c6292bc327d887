"""Master data: our company, customers, suppliers, items, prices, taxes.

Bodies are the drafts of the capability that owns the table.
"""

from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field
from sqlalchemy import select

from api.auth.roles import Role
from api.requests import operation, transaction
from api.v1.shapes import Done, DraftBody, Listing, Order, Page, Shape, as_sent, page
from handlers.catalog import register as catalog
from handlers.catalog.model import Item
from handlers.ledger.bank_accounts import add_first_bank_account
from handlers.ledger.books import open_books
from handlers.parties import register as parties
from handlers.parties.model import Customer, Supplier

api = APIBlueprint("masters", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="master data")])


class CustomerIn(Shape):
    """A customer and where it is."""

    customer: parties.CustomerDraft
    addresses: list[parties.AddressDraft] = Field(default_factory=list, max_length=100)


class SupplierIn(Shape):
    """A supplier and where it is."""

    supplier: parties.SupplierDraft
    addresses: list[parties.AddressDraft] = Field(default_factory=list, max_length=100)


class CompanyIn(DraftBody[parties.CompanyDraft]):
    """Ourselves, as documents name us."""


class ItemIn(DraftBody[catalog.ItemDraft]):
    """What can be sold."""


class PriceListIn(DraftBody[catalog.PriceListDraft]):
    """A list of prices for somebody."""


class PriceIn(DraftBody[catalog.PriceDraft]):
    """A price from a quantity on."""


class TaxRateIn(DraftBody[catalog.TaxRateDraft]):
    """The rate of a tax category in a country."""


class SupplierItemIn(DraftBody[catalog.SupplierItemDraft]):
    """What a supplier asks for an item."""


class BankAccountIn(DraftBody[parties.BankAccountDraft]):
    """An account a customer pays from."""


@api.put("/company", responses={200: Done})
@operation(Role.ADMINISTER)
def set_company(body: CompanyIn) -> Done:
    """Say who we are; the first time opens the books in the company's currency."""
    parties.set_company(transaction(), body.root)
    open_books(transaction(), body.root.currency)
    add_first_bank_account(transaction(), body.root.iban, body.root.currency)
    return Done(id="MAIN", state="stored")


@api.post("/customers", responses={201: Done})
@operation(Role.ORDER)
def add_customer(body: CustomerIn) -> tuple[Done, int]:
    """Add a customer."""
    with as_sent((r"^(?!addresses\.)", "customer.")):
        parties.add_customer(transaction(), body.customer, body.addresses)
    return Done(id=body.customer.customer_no.strip(), state="added"), 201


@api.get("/customers")
@operation(Role.READ)
def list_customers(query: Listing) -> Page[dict[str, Any]]:
    """List customers by number."""
    return _listing(Customer, Customer.customer_no, query)


@api.post("/customers/bank-accounts", responses={201: Done})
@operation(Role.ORDER)
def set_bank_account(body: BankAccountIn) -> tuple[Done, int]:
    """Say which customer pays from an account, so that its receipts are recognised."""
    return Done(id=parties.set_bank_account(transaction(), body.root), state="stored"), 201


@api.post("/suppliers", responses={201: Done})
@operation(Role.BUY)
def add_supplier(body: SupplierIn) -> tuple[Done, int]:
    """Add a supplier."""
    with as_sent((r"^(?!addresses\.)", "supplier.")):
        parties.add_supplier(transaction(), body.supplier, body.addresses)
    return Done(id=body.supplier.supplier_no.strip(), state="added"), 201


@api.get("/suppliers")
@operation(Role.READ)
def list_suppliers(query: Listing) -> Page[dict[str, Any]]:
    """List suppliers by number."""
    return _listing(Supplier, Supplier.supplier_no, query)


@api.post("/suppliers/items", responses={201: Done})
@operation(Role.BUY)
def set_supplier_item(body: SupplierItemIn) -> tuple[Done, int]:
    """Say what a supplier asks for an item and how long it takes."""
    catalog.set_supplier_item(transaction(), body.root)
    return Done(id=f"{body.root.supplier_no}/{body.root.sku}", state="stored"), 201


@api.post("/items", responses={201: Done})
@operation(Role.ORDER)
def add_item(body: ItemIn) -> tuple[Done, int]:
    """Add an item."""
    catalog.add_item(transaction(), body.root)
    return Done(id=body.root.sku, state="added"), 201


@api.get("/items")
@operation(Role.READ)
def list_items(query: Listing) -> Page[dict[str, Any]]:
    """List items by SKU."""
    return _listing(Item, Item.sku, query)


@api.post("/price-lists", responses={201: Done})
@operation(Role.ORDER)
def add_price_list(body: PriceListIn) -> tuple[Done, int]:
    """Add a price list."""
    catalog.add_price_list(transaction(), body.root)
    return Done(id=body.root.code, state="added"), 201


@api.post("/prices", responses={201: Done})
@operation(Role.ORDER)
def set_price(body: PriceIn) -> tuple[Done, int]:
    """Set a price from a quantity on."""
    catalog.set_price(transaction(), body.root)
    return Done(id=f"{body.root.price_list_code}/{body.root.sku}", state="stored"), 201


@api.post("/tax-rates", responses={201: Done})
@operation(Role.ADMINISTER)
def set_tax_rate(body: TaxRateIn) -> tuple[Done, int]:
    """Set the rate of a tax category in a country."""
    catalog.set_tax_rate(transaction(), body.root)
    return Done(id=f"{body.root.country}/{body.root.category}", state="stored"), 201


def _listing(table: Any, key: Any, query: Listing) -> Page[dict[str, Any]]:
    return page(transaction(), select(*table.__table__.c), Order((key,), newest_first=False), query, dict)
