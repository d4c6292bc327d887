"""Who we are: name, address, currency of the books and bank account, as papers print them."""

from typing import Any

from flask import make_response, redirect, render_template, request
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Problem
from handlers.parties.master_data import CompanyDraft
from handlers.parties.model import Company
from ui.forms import Field, read_form
from ui.product import ADMINISTER, needs, person, product
from ui.records import TABS
from ui.second_person import do_or_ask, page_of

_REFUSED = 422
_FIELDS = (
    Field("name", "Name", wide=True),
    Field("street", "Street and number"),
    Field("postal_code", "Postal code"),
    Field("city", "Town"),
    Field("region", "Region"),
    Field("country", "Country", "Two letters, such as AT"),
    Field("currency", "Currency of the books", "Three letters, such as EUR; it is never changed"),
    Field("legal_id", "Number in the register of companies"),
    Field("vat_no", "VAT number"),
    Field("gln", "GLN"),
    Field("peppol_id", "Peppol address", "Scheme and number, such as 9915:b"),
    Field("email", "Mail"),
    Field("phone", "Telephone"),
    Field("iban", "Bank account", "IBAN; another one takes a second person"),
    Field("bic", "BIC"),
    Field("bank_name", "Bank"),
)


def show() -> str:
    """Who we are, or an empty form."""
    return _page({}, None)


@needs(ADMINISTER)
def save() -> AnyResponse:
    """Say who we are; the first time opens the books."""
    try:
        draft = CompanyDraft(**read_form(CompanyDraft, request.form, [field.name for field in _FIELDS]))
        outcome = do_or_ask("company.set", draft)
    except Problem as problem:
        return make_response(_page(dict(request.form), problem), _REFUSED)
    return page_of(outcome) if outcome.pending else redirect("/master-data/company?done=changed", 303)


def _page(values: dict[str, Any], problem: Problem | None) -> str:
    with product().database.transaction() as tx:
        kept = tx.execute(select(*Company.__table__.c)).mappings().one_or_none()
    return render_template(
        "company.html",
        tabs=TABS,
        entries=_FIELDS,
        values=values or dict(kept or {}),
        problem=problem,
        errors=problem.errors if problem else {},
        is_new=kept is None,
        done=request.args.get("done", ""),
        may_change=ADMINISTER in person().roles,
    )
