"""Receipts that no rule could apply: for each, the invoice it is for, or whose account it stays on."""

from flask import make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Invalid, refuse_unknown
from handlers.receivables import commands, manual_application
from handlers.receivables.manual_application import HandApplication
from handlers.receivables.views import ON_ACCOUNT, UNAPPLIED, UNIDENTIFIED, list_unapplied, suggestions_of
from ui.product import COLLECT, asked, needs, person, product
from ui.second_person import do_or_ask

_REASONS = (
    ("PRICE", "price"),
    ("QTY_SHORT", "quantity"),
    ("DAMAGE", "damage"),
    ("PROMO", "promotion"),
    ("FREIGHT", "freight"),
    ("TAX", "tax"),
    ("RETURN", "return"),
    ("OTHER", "something else"),
)
#: What may become of a difference, as the decision `residual` names it.
ACTIONS = (
    ("PARTIAL", "leave the rest open"),
    ("WRITE_OFF", "write the rest off"),
    ("EARNED_DISCOUNT", "the rest is an earned discount"),
    ("UNEARNED_DISCOUNT", "grant the rest as a discount"),
    ("ON_ACCOUNT", "keep what is too much on account"),
    *((f"DEDUCTION {reason}", f"dispute the rest: {words}") for reason, words in _REASONS),
)


#: The lists of receipts, with what stands in them.
LISTS = (
    ("", "All that is free"),
    (UNAPPLIED, "Unapplied"),
    (UNIDENTIFIED, "Payer unknown"),
    (ON_ACCOUNT, "On account"),
)


def show_list() -> str:
    """The receipts with something left to apply, with what each could pay."""
    which = request.args.get("which", "")
    refuse_unknown(which, [each for each, _ in LISTS if each], "list of receipts", "which")
    with product().database.transaction() as tx:
        receipts = list_unapplied(tx, asked(), which)
        suggestions = suggestions_of(tx, [row.receipt_no for row in receipts.rows])
    may_collect = COLLECT in person().roles
    return render_template(
        "receipts.html", receipts=receipts, suggestions=suggestions, which=which, lists=LISTS, actions=ACTIONS, may_collect=may_collect
    )


@needs(COLLECT)
def accept(receipt_no: str, rank: int) -> AnyResponse:
    """Apply what was suggested for a receipt."""
    settled = product().database.run(lambda tx: commands.accept(product().runtime, tx, receipt_no, rank, person().name))
    return _done(f"{receipt_no} is applied.", f"{', '.join(settled)} settled." if settled else "A part is still open.")


@needs(COLLECT)
def identify(receipt_no: str) -> AnyResponse:
    """Say whose a receipt is."""
    customer_no = request.form.get("customer_no", "").strip()
    product().database.run(lambda tx: manual_application.identify(tx, receipt_no, customer_no))
    return _done(f"{receipt_no} came from {customer_no}.", "The payer's name is known from now on.")


@needs(COLLECT)
def free(receipt_no: str) -> AnyResponse:
    """Free what is kept on account, so that it can be applied."""
    freed = product().database.run(lambda tx: manual_application.take_off_account(tx, receipt_no))
    return _done(f"{receipt_no} is free again.", f"{freed:,.2f} can be applied.")


@needs(COLLECT)
def apply(receipt_no: str) -> AnyResponse:
    """Apply a receipt to the invoice that was named."""
    invoice_no = request.form.get("invoice_no", "").strip()
    if not invoice_no:
        raise Invalid("No invoice is named.", code="invoice_missing", next_step="Enter the invoice's number, such as INV-000012.")
    action, _, reason = request.form.get("action", "PARTIAL").partition(" ")
    given = HandApplication(receipt_no=receipt_no, invoice_no=invoice_no, action=action, reason=reason or "OTHER")
    outcome = do_or_ask("receipt.apply", given)
    if outcome.pending is not None:
        return _done("A second person confirms it.", "Nothing is applied yet; it is in the worklist of finance and treasury.")
    applied = outcome.done
    open_now = "is settled" if applied.settled else f"has {applied.open_amount:,.2f} open"
    disputed = f" {applied.dispute_no} is opened of it." if applied.dispute_no else ""
    return _done(f"{receipt_no} is applied.", f"{invoice_no} {open_now}; {applied.rest:,.2f} of the receipt is left.{disputed}")


@needs(COLLECT)
def keep(receipt_no: str) -> AnyResponse:
    """Keep a receipt on its customer's account."""
    customer_no = request.form.get("customer_no", "").strip() or None
    kept = product().database.run(lambda tx: commands.keep_on_account(tx, receipt_no, customer_no))
    return _done(f"{receipt_no} stays on account.", f"{kept:,.2f} are kept for the customer.")


def _done(title: str, text: str) -> AnyResponse:
    answer = make_response(render_template("_notice.html", kind="good", title=title, text=text))
    answer.headers["HX-Trigger"] = "ordercraft:changed"
    return answer
