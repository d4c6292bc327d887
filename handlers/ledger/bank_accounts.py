"""Our own bank accounts: master data. Each has one account of the ledger, so that the books and the bank's statements can be compared."""

import re
from dataclasses import asdict, dataclass

from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid
from handlers.identifiers import AccountNumber, Bic, Currency, canonical, folded
from handlers.ledger.accounts import BANK, BANK_ACCOUNTS
from handlers.ledger.model import HouseBankAccount

_ADD = "Ask an administrator to add the account (POST /api/v1/bank-accounts), then send the file again."


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseBankAccountDraft:
    """A bank account of ours in one currency, and the account of the ledger that stands for it.

    `iban` is its number at the bank where the country has no IBANs.
    """

    iban: AccountNumber
    currency: Currency
    ledger_account: str = BANK
    bic: Bic = ""
    name: str = ""


def add_bank_account(tx: Session, draft: HouseBankAccountDraft) -> HouseBankAccountDraft:
    """Add a bank account of ours and answer it in its canonical form; the same again changes its name and BIC.

    Raises Invalid for what is no IBAN, currency or bank account of the chart, Conflict when another bank account has the ledger account
    or this one another ledger account.
    """
    draft = canonical(draft)
    missing = {name: ["must not be blank"] for name in ("iban", "currency") if not getattr(draft, name)}
    if missing:
        raise Invalid(
            "A bank account needs an IBAN (or a number) and a currency.", code="incomplete", next_step="Give both.", errors=missing
        )
    if draft.ledger_account not in BANK_ACCOUNTS:
        raise Invalid(
            f"{draft.ledger_account} is no bank account of the chart.",
            code="ledger_account",
            next_step=f"Use one of {', '.join(BANK_ACCOUNTS)} that no other bank account has.",
            errors={"ledger_account": [f"must be one of {', '.join(BANK_ACCOUNTS)}"]},
        )
    if tx.execute(_KEEP, asdict(draft)).one_or_none() is None:
        raise Conflict(
            f"{draft.iban} in {draft.currency} has another ledger account, or {draft.ledger_account} stands for another bank account.",
            code="ledger_account_taken",
            next_step="Look at the list of bank accounts, and choose a ledger account that is free.",
        )
    return draft


def add_first_bank_account(tx: Session, iban: str, currency: str) -> None:
    """Make the account on our letterhead the first of our bank accounts, unless there is one already or it is no IBAN."""
    if iban and tx.scalar(select(HouseBankAccount.iban).limit(1)) is None:
        add_bank_account(tx, HouseBankAccountDraft(iban=iban, currency=currency))


def find_bank_account(tx: Session, written: str, currency: str | None = None) -> HouseBankAccount:
    """Our bank account as a statement names it: by its IBAN, or by bank and account as MT940 writes them, which are the rest of the IBAN.

    Raises Invalid, with what to do, when it is none of ours; or none in that currency, where one is said.
    """
    number = folded(written)
    national = re.sub(r"[^A-Z0-9]", "", number)
    known = HouseBankAccount.iban
    named = select(HouseBankAccount).where(or_(known == number, known == national, func.substr(known, 5) == national))
    found = {each.currency: each for each in tx.scalars(named.order_by(known))}
    if not found:
        raise Invalid(f"{number[:40]} is none of our bank accounts.", code="bank_account_unknown", next_step=_ADD)
    if currency is None:
        return next(iter(found.values()))
    if currency not in found:
        raise Invalid(
            f"{number} is kept in {', '.join(sorted(found))}; the statement is in {currency[:10]}.",
            code="statement_currency",
            next_step=f"Ask the bank for the statement in the account's currency. If the account has a part in {currency[:10]} too: {_ADD}",
        )
    return found[currency]


_KEEP = text("""
WITH given AS (
  SELECT CAST(:iban AS text) AS iban, CAST(:currency AS text) AS currency, CAST(:ledger_account AS text) AS ledger_account,
    CAST(:bic AS text) AS bic, CAST(:name AS text) AS name
)
INSERT INTO house_bank_account AS kept (iban, currency, ledger_account, bic, name)
SELECT given.* FROM given
WHERE NOT EXISTS (SELECT FROM house_bank_account AS other WHERE other.ledger_account = given.ledger_account
                  AND (other.iban, other.currency) <> (given.iban, given.currency))
ON CONFLICT (iban, currency) DO UPDATE SET bic = excluded.bic, name = excluded.name WHERE kept.ledger_account = excluded.ledger_account
RETURNING kept.iban
""")
