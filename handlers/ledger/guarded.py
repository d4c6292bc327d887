"""What takes a second person in the books: our own bank accounts, the one on our letterhead among them."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.runtime.state.guarded_acts import GuardedAct, Wanting, Weighed
from engine.runtime.state.runtime import Runtime
from handlers.changes import Author, note
from handlers.identifiers import canonical
from handlers.ledger import books
from handlers.ledger.bank_accounts import HouseBankAccountDraft, add_bank_account, add_first_bank_account
from handlers.ledger.model import HouseBankAccount
from handlers.parties import master_data
from handlers.parties.master_data import CompanyDraft
from handlers.parties.model import Company

_PAY_US = "What customers pay goes to our bank accounts."


def _weigh_company(_runtime: Runtime, tx: Session, given: CompanyDraft, _by: Wanting) -> Weighed:
    before, draft = tx.get(Company, "MAIN"), canonical(given)
    after = asdict(draft)
    kept = {name: getattr(before, name) for name in after} if before is not None else {}
    different = {name: {"from": kept.get(name), "to": value} for name, value in after.items() if kept.get(name) != value}
    rule = _PAY_US if kept.get("iban") and kept["iban"] != draft.iban else ""
    return Weighed("company:MAIN", f"Change {', '.join(different).replace('_', ' ')} of our company", different, kept, rule)


def _set_company(_runtime: Runtime, tx: Session, given: CompanyDraft, by: Wanting) -> None:
    weighed = _weigh_company(_runtime, tx, given, by)
    master_data.set_company(tx, given)
    books.open_books(tx, given.currency)
    add_first_bank_account(tx, given.iban, given.currency)
    note(tx, Author(by.name, by.reason), "change" if weighed.seen else "add", weighed.subject, weighed.effect)


def _weigh_account(_runtime: Runtime, tx: Session, given: HouseBankAccountDraft, _by: Wanting) -> Weighed:
    draft = canonical(given)
    key = f"house_bank_account:{draft.iban}/{draft.currency}"
    before = tx.get(HouseBankAccount, (draft.iban, draft.currency))
    kept = {name: getattr(before, name) for name in asdict(draft)} if before is not None else {}
    different = {name: {"from": kept.get(name), "to": value} for name, value in asdict(draft).items() if kept.get(name) != value}
    others = tx.scalar(select(func.count()).select_from(HouseBankAccount))
    return Weighed(key, f"Keep {draft.iban} in {draft.currency} as a bank account of ours", different, kept, _PAY_US if others else "")


def _keep_account(_runtime: Runtime, tx: Session, given: HouseBankAccountDraft, by: Wanting) -> Any:
    weighed = _weigh_account(_runtime, tx, given, by)
    added = add_bank_account(tx, given)
    note(tx, Author(by.name, by.reason), "change" if weighed.seen else "add", weighed.subject, weighed.effect)
    return f"{added.iban}/{added.currency}"


ACTS = (
    GuardedAct("company.set", "Our company", CompanyDraft, ("executive", "treasury"), _weigh_company, _set_company),
    GuardedAct(
        "house.bank_account", "Bank account of ours", HouseBankAccountDraft, ("executive", "treasury"), _weigh_account, _keep_account
    ),
)
