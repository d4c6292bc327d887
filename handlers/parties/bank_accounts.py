"""Bank accounts customers pay from: money is recognised by them, so that a second person confirms each change (`guarded.py`)."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.store.locks import Advisory, advisory
from handlers.changes import Author, note
from handlers.identifiers import canonical
from handlers.parties.master_data import BankAccountDraft, find_customer, set_bank_account
from handlers.parties.model import BankAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChange:
    """An account to be known as the customer's, or with `removes` to be forgotten."""

    account: BankAccountDraft
    removes: bool = False


def change_account(tx: Session, given: AccountChange, by: Author) -> str:
    """Know an account as the customer's, or forget it; answers its IBAN. Raises NotFound (customer, account), Invalid (IBAN)."""
    draft = canonical(given.account)
    find_customer(tx, draft.customer_no)
    advisory(tx, Advisory.PAYER_ACCOUNT, draft.iban)
    before = known_as(tx, draft.iban)
    if not given.removes:
        set_bank_account(tx, draft)
    elif before is None:
        raise NotFound(f"There is no account {draft.iban}.", code="bank_account_unknown", next_step="Look at the customer's accounts.")
    else:
        tx.execute(delete(BankAccount).where(BankAccount.iban == draft.iban))
    after: dict[str, Any] = {} if given.removes else asdict(draft)
    action = "remove" if given.removes else "change" if before else "add"
    note(tx, by, action, f"bank_account:{draft.iban}", differences(before or {}, after))
    return draft.iban


def known_as(tx: Session, iban: str) -> dict[str, Any] | None:
    """The account as it is known; None where nobody has it."""
    row = tx.execute(select(*BankAccount.__table__.c).where(BankAccount.iban == iban)).mappings().one_or_none()
    return None if row is None else dict(row)


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By field: what it was, what it is."""
    return {
        name: {"from": before.get(name), "to": after.get(name)}
        for name in before.keys() | after.keys()
        if before.get(name) != after.get(name) and name != "iban"
    }
