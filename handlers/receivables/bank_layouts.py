"""Keeps how the banks' CSV files are written: one layout for each account and export, declared by the company."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.problems import Invalid
from engine.store.locks import Lock
from engine.store.paging import Asked, Key, Page, read_page
from handlers.changes import Author, Differences, Record, change, note_added, row_of, version_of
from handlers.identifiers import Name, Number, canonical
from handlers.ledger.bank_accounts import find_bank_account
from handlers.receivables.bank_csv import DATE_FORMATS, DECIMAL_SIGNS, DELIMITERS, Layout
from handlers.receivables.model import BankLayout
from handlers.rowsets import add_once


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutDraft:
    """How a bank's CSV of one account is written; a column's name is as in the file, and empty where there is none.

    Either `amount` holds both directions, or `money_in` and `money_out` one each. `remittance` may name several columns, by `+`.
    """

    layout_no: Number
    account: Name
    currency: Name
    booked_on: Name
    delimiter: str = "semicolon"
    decimal_sign: str = "comma"
    date_format: str = "DD.MM.YYYY"
    amount: str = ""
    money_in: str = ""
    money_out: str = ""
    value_on: str = ""
    payer_name: str = ""
    payer_account: str = ""
    remittance: str = ""
    reference: str = ""
    bank_ref: str = ""
    code: str = ""
    balance: str = ""


@dataclass(frozen=True, slots=True)
class LayoutSummary:
    """A layout as a list shows it."""

    layout_no: str
    account: str
    currency: str
    delimiter: str
    date_format: str
    balance: str
    active: bool


@dataclass(frozen=True, slots=True)
class ShownLayout:
    """A layout, and its version for whoever changes it."""

    row: Mapping[str, Any]
    version: str


LAYOUT = Record("layout", BankLayout, "layout_no", LayoutDraft, Lock.BANK_LAYOUT, also=frozenset({"active"}))
_CHOICES: Mapping[str, Mapping[str, str]] = {"delimiter": DELIMITERS, "decimal_sign": DECIMAL_SIGNS, "date_format": DATE_FORMATS}


def add_layout(tx: Session, draft: LayoutDraft, by: Author) -> str:
    """Add a layout; answers its number. Raises Invalid (by field, or an account that is not ours), Conflict."""
    draft = _checked(tx, canonical(draft))
    add_once(tx, BankLayout, draft, f"Layout {draft.layout_no}")
    return str(note_added(tx, LAYOUT, draft, by))


def change_layout(tx: Session, layout_no: str, changes: Mapping[str, Any], by: Author) -> Differences:
    """Change a layout's fields, `active` among them. Raises NotFound, Invalid, Conflict."""
    known = row_of(tx, LAYOUT, layout_no)
    _checked(tx, canonical(LayoutDraft(**{name: changes.get(name, known[name]) for name in LayoutDraft.__slots__})))
    return change(tx, LAYOUT, layout_no, changes, by)


def list_layouts(tx: Session, search: str, asked: Asked, *, count: bool = False) -> Page[LayoutSummary]:
    """Layouts by number; `search` finds number and account."""
    statement = select(*(getattr(BankLayout, name) for name in LayoutSummary.__slots__))
    if search:
        found = BankLayout.layout_no.icontains(search, autoescape=True) | BankLayout.account.icontains(search, autoescape=True)
        statement = statement.where(found)
    return read_page(tx, statement, (Key(BankLayout.layout_no),), asked, count=count).typed(LayoutSummary)


def show_layout(tx: Session, layout_no: str) -> ShownLayout:
    """One layout. Raises NotFound."""
    row = row_of(tx, LAYOUT, layout_no)
    return ShownLayout(row, version_of(row))


def layouts_in_use(tx: Session, layout_no: str = "") -> list[Layout]:
    """The layouts a file may have: the one that is named, else all that are active."""
    columns = [getattr(BankLayout, field.name) for field in fields(Layout)]
    wanted = BankLayout.layout_no == layout_no if layout_no else BankLayout.active
    return [Layout(**row) for row in tx.execute(select(*columns).where(wanted).order_by(BankLayout.layout_no)).mappings()]


def _checked(tx: Session, draft: LayoutDraft) -> LayoutDraft:
    wrong = {name: [f"must be one of {', '.join(choices)}"] for name, choices in _CHOICES.items() if getattr(draft, name) not in choices}
    if bool(draft.amount) == bool(draft.money_in or draft.money_out):
        wrong["amount"] = ["name one column of amounts, or one of money in and one of money out"]
    elif not draft.amount and not (draft.money_in and draft.money_out):
        wrong["money_in" if draft.money_out else "money_out"] = ["must be named too"]
    if wrong:
        what = "; ".join(f"{name} {', '.join(texts)}" for name, texts in wrong.items())
        raise Invalid(f"The layout cannot be kept: {what}.", code="bank_layout", next_step="Correct the named fields.", errors=wrong)
    find_bank_account(tx, draft.account, draft.currency)
    return draft
