"""Customers and suppliers: list, look at one, change it, its addresses, contacts and bank accounts. Each change is audited by field."""

from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from api.auth.roles import Role
from api.requests import operation, person, transaction
from api.second_person import Answer, PendingOut, act
from api.v1.shapes import ChangedOut, Changing, Done, DraftBody, NumberPath, Page, Search, Shape, listed, partial
from handlers.changes import Author
from handlers.parties import changes, views
from handlers.parties.bank_accounts import AccountChange
from handlers.parties.guarded import CustomerEdit
from handlers.parties.master_data import AddressDraft, BankAccountDraft, ContactDraft, CustomerDraft, SupplierDraft

api = APIBlueprint("customers", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="master data")])

CustomerChange = partial(CustomerDraft, "CustomerChange", without={"customer_no"}, also={"active": bool, "account_hold": bool})
SupplierChange = partial(SupplierDraft, "SupplierChange", without={"supplier_no"}, also={"active": bool})
AddressChange = partial(AddressDraft, "AddressChange")


class CustomerPatch(Changing):
    """Fields of a customer to change."""

    changes: CustomerChange  # type: ignore[valid-type]


class SupplierPatch(Changing):
    """Fields of a supplier to change."""

    changes: SupplierChange  # type: ignore[valid-type]


class AddressPatch(Changing):
    """Parts of an address to correct."""

    changes: AddressChange  # type: ignore[valid-type]


class PartyOut(BaseModel):
    """A customer or supplier with what belongs to it. `version` is sent back with a change."""

    record: dict[str, Any]
    version: str
    addresses: list[dict[str, Any]]
    contacts: list[dict[str, Any]]
    bank_accounts: list[dict[str, Any]]
    pending_changes: list[PendingOut]


class CustomerAddressIn(DraftBody[AddressDraft]):
    """An address."""


class ContactIn(DraftBody[ContactDraft]):
    """A person at a customer or supplier."""


class AccountChangeIn(Shape):
    """A bank account to be known as the customer's, or with `removes` to be forgotten."""

    iban: str = Field(min_length=1, max_length=60)
    customer_no: str = Field(min_length=1, max_length=40)
    bic: str = Field("", max_length=20)
    holder: str = Field("", max_length=200)
    removes: bool = False
    reason: str = Field("", max_length=2000)


class AddressPath(BaseModel):
    """An address in the address."""

    address_id: int


@api.get("/customers", responses={200: Page[views.CustomerSummary]})
@operation(Role.READ)
def list_customers(query: Search) -> Page[views.CustomerSummary]:
    """List customers by number."""
    return listed(views.list_customers(transaction(), query.search, query.asked))


@api.get("/customers/<number>", responses={200: PartyOut})
@operation(Role.READ)
def get_customer(path: NumberPath) -> PartyOut:
    """One customer with addresses, contacts and bank accounts."""
    return _party(views.show_customer(transaction(), path.number))


@api.patch("/customers/<number>", responses={200: ChangedOut, 202: PendingOut})
@operation(Role.ORDER)
def change_customer(path: NumberPath, body: CustomerPatch) -> Answer:
    """Change a customer; where it may owe more than a number of the company then, a second person confirms it."""
    given = CustomerEdit(customer_no=path.number, changes=body.given)
    return act("customer.change", given, body.reason, lambda changed: (ChangedOut(id=path.number, changed=changed), 200), body.version)


@api.post("/customers/<number>/addresses", responses={201: Done})
@operation(Role.ORDER)
def add_address(path: NumberPath, body: CustomerAddressIn) -> tuple[Done, int]:
    """Add an address of a customer."""
    return Done(id=str(changes.add_address(transaction(), path.number, body.root, Author(person().name))), state="added"), 201


@api.patch("/addresses/<int:address_id>", responses={200: ChangedOut})
@operation(Role.ORDER)
def change_address(path: AddressPath, body: AddressPatch) -> ChangedOut:
    """Correct an address; orders taken before keep theirs."""
    changed = changes.change_address(transaction(), path.address_id, body.given, body.author(person()))
    return ChangedOut(id=str(path.address_id), changed=changed)


@api.post("/contacts", responses={201: Done})
@operation(Role.ORDER)
def add_contact(body: ContactIn) -> tuple[Done, int]:
    """Add a person at a customer or supplier."""
    return Done(id=str(changes.add_contact(transaction(), body.root, Author(person().name))), state="added"), 201


@api.post("/customers/bank-accounts", responses={202: PendingOut})
@operation(Role.ORDER)
def keep_bank_account(body: AccountChangeIn) -> Answer:
    """Ask that an account be known as a customer's, or forgotten; a second person confirms it."""
    draft = BankAccountDraft(iban=body.iban, customer_no=body.customer_no, bic=body.bic, holder=body.holder)
    given = AccountChange(account=draft, removes=body.removes)
    return act("customer.bank_account", given, body.reason, lambda iban: (Done(id=iban, state="kept"), 201))


@api.get("/suppliers", responses={200: Page[views.SupplierSummary]})
@operation(Role.READ)
def list_suppliers(query: Search) -> Page[views.SupplierSummary]:
    """List suppliers by number."""
    return listed(views.list_suppliers(transaction(), query.search, query.asked))


@api.get("/suppliers/<number>", responses={200: PartyOut})
@operation(Role.READ)
def get_supplier(path: NumberPath) -> PartyOut:
    """One supplier with addresses and contacts."""
    return _party(views.show_supplier(transaction(), path.number))


@api.patch("/suppliers/<number>", responses={200: ChangedOut})
@operation(Role.BUY)
def change_supplier(path: NumberPath, body: SupplierPatch) -> ChangedOut:
    """Change a supplier."""
    return ChangedOut(id=path.number, changed=changes.change_supplier(transaction(), path.number, body.given, body.author(person())))


def _party(shown: views.Shown) -> PartyOut:
    def rows(name: str) -> list[dict[str, Any]]:
        return [dict(row._mapping) for row in getattr(shown, name)]  # noqa: SLF001  # the public name of a row's mapping

    return PartyOut(
        record=shown.row,
        version=shown.version,
        addresses=rows("addresses"),
        contacts=rows("contacts"),
        bank_accounts=rows("bank_accounts"),
        pending_changes=[PendingOut.model_validate(each) for each in shown.pending],
    )
