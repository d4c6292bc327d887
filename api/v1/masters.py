"""Master data: our company, customers, suppliers, items, prices, taxes.

Bodies are the drafts of the capability that owns the table.
"""

from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from api.auth.roles import Role
from api.requests import operation, person, transaction
from api.v1.shapes import Done, DraftBody, Exact, NumberPath, Shape, as_sent
from handlers.catalog import master_data as catalog
from handlers.changes import Author, note
from handlers.ledger.bank_accounts import add_first_bank_account
from handlers.ledger.books import open_books
from handlers.parties import master_data as parties
from handlers.parties import policy

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


@api.post("/suppliers", responses={201: Done})
@operation(Role.BUY)
def add_supplier(body: SupplierIn) -> tuple[Done, int]:
    """Add a supplier."""
    with as_sent((r"^(?!addresses\.)", "supplier.")):
        parties.add_supplier(transaction(), body.supplier, body.addresses)
    return Done(id=body.supplier.supplier_no.strip(), state="added"), 201


@api.post("/items", responses={201: Done})
@operation(Role.ORDER)
def add_item(body: ItemIn) -> tuple[Done, int]:
    """Add an item."""
    catalog.add_item(transaction(), body.root)
    return Done(id=body.root.sku, state="added"), 201


@api.post("/price-lists", responses={201: Done})
@operation(Role.PRICE)
def add_price_list(body: PriceListIn) -> tuple[Done, int]:
    """Add a price list."""
    catalog.add_price_list(transaction(), body.root)
    return Done(id=body.root.code, state="added"), 201


class PoliciesOut(Shape):
    """Every number that is ours to choose."""

    items: list[policy.Chosen]


class PolicyIn(Shape):
    """A number to choose, and why."""

    value: Exact
    reason: str = Field("", max_length=2000)


@api.get("/policies", responses={200: PoliciesOut})
@operation(Role.READ)
def list_policies() -> PoliciesOut:
    """List the numbers that are ours to choose, with their meaning."""
    return PoliciesOut(items=policy.list_choices(transaction()))


@api.put("/policies/<number>", responses={200: Done})
@operation(Role.ADMINISTER)
def choose_policy(path: NumberPath, body: PolicyIn) -> Done:
    """Choose a number; what is decided from now on is decided by it."""
    (before,) = policy.chosen(transaction(), path.number).values()
    policy.choose(transaction(), path.number, body.value)
    note(
        transaction(), Author(person().name, body.reason), "change", f"policy:{path.number}", {"value": {"from": before, "to": body.value}}
    )
    return Done(id=path.number, state="chosen")
