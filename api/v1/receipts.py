"""Receipts: what a clerk does with money that no rule could apply."""

from decimal import Decimal

from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from api.auth.roles import Role
from api.product import product
from api.requests import operation, person, transaction
from api.second_person import Answer, PendingOut, act
from api.v1.shapes import Exact, Listing, NumberPath, Page, Shape, listed
from handlers.receivables import commands, manual_application
from handlers.receivables.manual_application import HandApplication, identify
from handlers.receivables.views import ReceiptRow, list_unapplied, suggestions_of
from handlers.receivables.views import list_receipts as read_receipts

api = APIBlueprint("receipts", __name__, url_prefix="/api/v1/receipts", abp_tags=[Tag(name="receipts")])


class ApplyIn(Shape):
    """The invoice a receipt is for, and what becomes of a difference.

    `action` is PARTIAL, WRITE_OFF, EARNED_DISCOUNT, UNEARNED_DISCOUNT, DEDUCTION or ON_ACCOUNT. A deduction opens a dispute of what is
    short, for `reason`.
    """

    invoice_no: str = Field(min_length=1, max_length=40)
    action: str = Field("PARTIAL", max_length=40)
    reason: str = Field("OTHER", max_length=40)
    description: str = Field("", max_length=2000)


class AppliedOut(Shape):
    """What is open on the invoice now, and what is left of the receipt."""

    settled: bool
    open_amount: Exact
    rest: Exact
    dispute_no: str | None


class SuggestionOut(Shape):
    """Invoices that a receipt could pay."""

    rank: int
    rule: str
    score: Exact
    why: str
    invoices: list[str]


class ReceiptQuery(Listing):
    """Which receipts to list: all, or what is left of a known payer, of an unknown one, or kept on account."""

    which: str = Field("", pattern="^(unapplied|unidentified|on-account)?$")


class SuggestionPath(NumberPath):
    """A suggestion of a receipt by its rank, 1 being the likeliest."""

    rank: int = Field(ge=1, le=100)


class SuggestionsOut(Shape):
    """What a receipt could pay, the likeliest first: by which rule, with a score of 100 at most, and why."""

    receipt_no: str
    suggestions: list[SuggestionOut]


class AcceptedOut(Shape):
    """The invoices that are settled now."""

    receipt_no: str
    settled: list[str]


class IdentifyIn(Shape):
    """Whose receipt it is."""

    customer_no: str = Field(min_length=1, max_length=40)


class FreedOut(Shape):
    """How much is free to be applied again."""

    receipt_no: str
    freed: Exact


class KeepIn(Shape):
    """Whose receipt it is, where nobody knew."""

    customer_no: str | None = Field(None, max_length=40)


class KeptOut(Shape):
    """How much of the receipt is on account."""

    receipt_no: str
    on_account: Exact


class ReverseIn(Shape):
    """Why the bank took the money back."""

    reason: str = Field(min_length=3, max_length=2000)


class ReversedOut(Shape):
    """The invoices that are open again."""

    receipt_no: str
    reopened: list[str]


@api.get("", responses={200: Page[ReceiptRow]})
@operation(Role.READ)
def list_receipts(query: ReceiptQuery) -> Page[ReceiptRow]:
    """List receipts with what is left of each: all of them, the latest first, or one of the lists, the oldest first."""
    if query.which:
        return listed(list_unapplied(transaction(), query.asked, query.which))
    return listed(read_receipts(transaction(), query.asked))


@api.get("/<number>/suggestions", responses={200: SuggestionsOut})
@operation(Role.READ)
def list_suggestions(path: NumberPath) -> SuggestionsOut:
    """What a receipt could pay, with the score of each and why."""
    found = suggestions_of(transaction(), [path.number]).get(path.number, [])
    return SuggestionsOut(receipt_no=path.number, suggestions=[SuggestionOut.model_validate(each) for each in found])


@api.post("/<number>/suggestions/<rank>/acceptance", responses={200: AcceptedOut})
@operation(Role.COLLECT)
def accept_suggestion(path: SuggestionPath) -> AcceptedOut:
    """Apply a suggestion: what an invoice has more stays open, what the receipt has more stays free."""
    settled = commands.accept(product().runtime, transaction(), path.number, path.rank, person().name)
    return AcceptedOut(receipt_no=path.number, settled=settled)


@api.post("/<number>/payer", responses={200: KeptOut})
@operation(Role.COLLECT)
def identify_payer(path: NumberPath, body: IdentifyIn) -> KeptOut:
    """Say whose a receipt is; the payer's name at the bank is known from now on."""
    identify(transaction(), path.number, body.customer_no)
    return KeptOut(receipt_no=path.number, on_account=Decimal(0))


@api.delete("/<number>/on-account", responses={200: FreedOut})
@operation(Role.COLLECT)
def take_off_account(path: NumberPath) -> FreedOut:
    """Free what of a receipt is kept on account, so that it can be applied."""
    return FreedOut(receipt_no=path.number, freed=manual_application.take_off_account(transaction(), path.number))


@api.post("/<number>/applications", responses={200: AppliedOut, 202: PendingOut})
@operation(Role.COLLECT)
def apply_receipt(path: NumberPath, body: ApplyIn) -> Answer:
    """Apply what is left of a receipt to an invoice.

    A second person confirms what gives away more than a number of the company, or anything of a statement that one took in oneself.
    """
    given = HandApplication(
        receipt_no=path.number, invoice_no=body.invoice_no, action=body.action, reason=body.reason, description=body.description
    )
    return act("receipt.apply", given, "", lambda applied: (AppliedOut.model_validate(applied), 200))


@api.post("/<number>/on-account", responses={200: KeptOut})
@operation(Role.COLLECT)
def keep_on_account(path: NumberPath, body: KeepIn) -> KeptOut:
    """Keep what is left of a receipt for its customer."""
    kept = commands.keep_on_account(transaction(), path.number, body.customer_no)
    return KeptOut(receipt_no=path.number, on_account=kept)


@api.post("/<number>/reversal", responses={200: ReversedOut})
@operation(Role.COLLECT)
def reverse_receipt(path: NumberPath, body: ReverseIn) -> ReversedOut:
    """Take back a receipt that the bank returned; its invoices are open again."""
    reopened = commands.reverse(product().runtime, transaction(), path.number, body.reason, person().name)
    return ReversedOut(receipt_no=path.number, reopened=reopened)
