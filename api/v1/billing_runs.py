"""The billing run: who waits to be billed for several deliveries at once, what it would come to, and having it done now."""

from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, RootModel

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.v1.shapes import Done, DraftBody, Listing, Page, Shape, listed
from engine.store.clock import business_today
from handlers.billing import commands
from handlers.billing.waiting import PlannedInvoice, WaitingCustomer, list_waiting

api = APIBlueprint("billing_runs", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="finance")])


class BillingRunIn(DraftBody[commands.BillingRun]):
    """Whom to bill: one customer, or all; with everything that waits, or with what is due."""


class PreviewQuery(Shape):
    """The customer whose invoices to show."""

    customer_no: str = Field(min_length=1, max_length=40)


class PlannedInvoicesOut(RootModel[list[PlannedInvoice]]):
    """The invoices that a run would write."""


@api.get("/billing-runs/waiting", responses={200: Page[WaitingCustomer]})
@operation(Role.READ)
def list_waiting_customers(query: Listing) -> Page[WaitingCustomer]:
    """List the customers who are billed by the week or month and of whom deliveries wait."""
    return listed(list_waiting(transaction(), query.asked))


@api.get("/billing-runs/preview", responses={200: PlannedInvoicesOut})
@operation(Role.READ)
def preview_billing_run(query: PreviewQuery) -> PlannedInvoicesOut:
    """Show the invoices that would be written of all that waits of a customer; nothing is written."""
    tx = transaction()
    return PlannedInvoicesOut(commands.preview_run(tx, query.customer_no, business_today(tx)))


@api.post("/billing-runs", responses={202: Done})
@operation(Role.BOOK)
def begin_billing_run(body: BillingRunIn) -> tuple[Done, int]:
    """Have deliveries that wait billed now; each is charged once, whoever bills."""
    commands.begin_run(product().runtime, transaction(), body.root, person().name)
    return Done(id=body.root.customer_no or "all", state="billing"), 202
