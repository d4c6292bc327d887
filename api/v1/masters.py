"""Master data: our company, customers, suppliers, items, prices, taxes.

Bodies are the drafts of the capability that owns the table.
"""

from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from api.auth.roles import Role
from api.requests import operation, person, transaction
from api.second_person import Answer, PendingOut, act
from api.v1.shapes import Done, DraftBody, Exact, NumberPath, Shape, as_sent
from handlers.catalog import changes as catalog_changes
from handlers.catalog import master_data as catalog
from handlers.changes import Author
from handlers.parties import changes, policy
from handlers.parties import master_data as parties
from handlers.parties.guarded import NewCustomer, Number

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


@api.put("/company", responses={200: Done, 202: PendingOut})
@operation(Role.ADMINISTER)
def set_company(body: CompanyIn) -> Answer:
    """Say who we are; the first time opens the books in the company's currency. Another bank account takes a second person."""
    return act("company.set", body.root, "", lambda _: (Done(id="MAIN", state="stored"), 200))


@api.post("/customers", responses={201: Done, 202: PendingOut})
@operation(Role.ORDER)
def add_customer(body: CustomerIn) -> Answer:
    """Add a customer; where it may owe more than a number of the company, a second person confirms it."""
    with as_sent((r"^(?!addresses\.)", "customer.")):
        given = NewCustomer(customer=body.customer, addresses=body.addresses)
        return act("customer.add", given, "", lambda number: (Done(id=number, state="added"), 201))


@api.post("/suppliers", responses={201: Done})
@operation(Role.BUY)
def add_supplier(body: SupplierIn) -> tuple[Done, int]:
    """Add a supplier."""
    with as_sent((r"^(?!addresses\.)", "supplier.")):
        number = changes.add_supplier(transaction(), body.supplier, body.addresses, Author(person().name))
    return Done(id=number, state="added"), 201


@api.post("/items", responses={201: Done})
@operation(Role.ORDER)
def add_item(body: ItemIn) -> tuple[Done, int]:
    """Add an item."""
    return Done(id=catalog_changes.add_item(transaction(), body.root, Author(person().name)), state="added"), 201


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


@api.put("/policies/<number>", responses={200: Done, 202: PendingOut})
@operation(Role.ADMINISTER)
def choose_policy(path: NumberPath, body: PolicyIn) -> Answer:
    """Choose a number; what is decided from now on is decided by it. What says when it takes two takes two itself."""
    given = Number(name=path.number, value=body.value)
    return act("policy.choose", given, body.reason, lambda _: (Done(id=path.number, state="chosen"), 200))
