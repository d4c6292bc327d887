"""Reads what a bank says in ISO 20022: statements (camt.053), reports of the day (camt.052) and notifications (camt.054).

Versions 2 to 8 by local names, so that the version's namespace does not matter. The file comes from outside: size
and number of entries are capped, document types, entities and the network are refused.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from lxml import etree

from engine.hardened_xml import XmlLimits, parse_xml
from engine.lexical import read_decimal, read_xml_day
from engine.problems import Invalid, Problem, TooLarge
from handlers.identifiers import folded
from handlers.receivables.bank_shapes import (
    MOST_BYTES,
    MOST_STATEMENTS,
    BankEntry,
    Contents,
    Notice,
    Refusal,
    Statement,
    balance_faults,
    check_count,
    is_reference,
    plain_day,
)

_LIMITS = XmlLimits(max_bytes=MOST_BYTES, max_elements=2_000_000)
#: What xs:decimal may be written with; ISO 20022 forbids amounts below zero, and we keep four decimals of 18 digits.
_MOST = Decimal(10) ** 14
_DECIMALS = 4
_CURRENCY = re.compile(r"[A-Z]{3}")
_ASK_BANK = "Ask the bank for the statement as camt.053 (versions 2 to 8), or export it again."
_STATEMENT = "BkToCstmrStmt"
#: The messages that announce what a statement will book: their name, where their parts are, and what we call them.
_NOTICES = {"BkToCstmrAcctRpt": ("Rpt", "camt.052"), "BkToCstmrDbtCdtNtfctn": ("Ntfctn", "camt.054")}


def read_camt(content: bytes) -> Contents:
    """Read every statement, report and notification of a file; one that cannot be read is told, the rest goes on.

    Raises TooLarge or Invalid with what to do when nothing of it can be taken; never anything else.
    """
    root = parse_xml(content, "bank statement", _LIMITS)
    kinds = {_name(child) for child in root}
    found: list[Statement | Notice] = []
    problems: list[Problem] = []
    refusals: list[Refusal] = []
    parts = [(part, "") for part in _all(root, f"{_STATEMENT}/Stmt")]
    parts += [(part, message) for kind, (name, message) in _NOTICES.items() for part in _all(root, f"{kind}/{name}")]
    if not kinds & {_STATEMENT, *_NOTICES}:
        names = ", ".join(sorted(kinds)) or _name(root)
        raise Invalid(f"The file is no bank statement: it holds {names[:80]}.", code="statement_kind", next_step=_ASK_BANK)
    if not parts:
        raise Invalid("The file holds no statement.", code="statement_count", next_step=_ASK_BANK)
    if len(parts) > MOST_STATEMENTS:
        raise TooLarge(
            f"The file holds {len(parts)} statements; at most {MOST_STATEMENTS} are taken.",
            code="statement_too_large",
            next_step="Split it into several files.",
        )
    for place, (part, message) in enumerate(parts, start=1):
        try:
            found.append(_notice(part, message) if message else _statement(part))
        except Problem as problem:
            problems.append(problem)
            refusals.append(Refusal(f"{message or 'statement'} {place}", problem.detail, problem.next_step))
    if not found:
        raise problems[0]
    return Contents(
        "camt",
        tuple(each for each in found if isinstance(each, Statement)),
        tuple(each for each in found if isinstance(each, Notice)),
        tuple(refusals),
    )


def _notice(element: etree._Element, message: str) -> Notice:
    account = folded(_text(element, "Acct/Id/IBAN") or _text(element, "Acct/Id/Othr/Id"))
    if not account:
        raise Invalid("The notice names no account.", code="statement_account", next_step=_ASK_BANK)
    return Notice(account, _text(element, "Id") or _text(element, "LglSeqNb"), message, tuple(_entries(element)))


def _statement(element: etree._Element) -> Statement:
    account = folded(_text(element, "Acct/Id/IBAN") or _text(element, "Acct/Id/Othr/Id"))
    if not account:
        raise Invalid("The statement names no account.", code="statement_account", next_step=_ASK_BANK)
    balances = {_text(balance, "Tp/CdOrPrtry/Cd"): balance for balance in reversed(_all(element, "Bal"))}
    opening = balances.get("OPBD", balances.get("PRCD"))
    closing = balances.get("CLBD")
    if opening is None or closing is None:
        raise Invalid("The statement has no opening or no closing balance.", code="statement_balances", next_step=_ASK_BANK)
    opening_amount, opening_currency = _signed(opening)
    closing_amount, closing_currency = _signed(closing)
    currency = _text(element, "Acct/Ccy") or opening_currency
    bank_ref = _text(element, "Id") or _text(element, "LglSeqNb")
    entries = tuple(_entries(element))
    totals = {"opening balance": opening_currency, "closing balance": closing_currency}
    return Statement(
        account=account,
        bank_ref=bank_ref,
        currency=currency,
        opening=opening_amount,
        closing=closing_amount,
        opened_on=_day(opening, "Dt"),
        closed_on=_day(closing, "Dt"),
        entries=entries,
        faults=tuple(balance_faults(currency, totals, entries, closing_amount - opening_amount)),
    )


def _entries(statement: etree._Element) -> Iterator[BankEntry]:
    elements = _all(statement, "Ntry")
    check_count(len(elements))
    for element in elements:
        status = _text(element, "Sts/Cd") or _text(element, "Sts")
        if status in {"BOOK", ""}:
            yield from _parts(element)


def _parts(entry: etree._Element) -> list[BankEntry]:
    """One bank entry for each transaction of a batch where their amounts are given and add up, else one for the whole."""
    amount, currency = _signed(entry)
    details = _all(entry, "NtryDtls/TxDtls")
    own = [_amount_of(detail) for detail in details]
    if len(details) > 1 and all(own) and sum(part for part, _ in own) == abs(amount) and {code for _, code in own} == {currency}:
        sign = 1 if amount > 0 else -1
        return [_entry(entry, [detail], (sign * part, currency)) for detail, (part, _) in zip(details, own, strict=True)]
    return [_entry(entry, details, (amount, currency))]


def _entry(entry: etree._Element, details: Sequence[etree._Element], money: tuple[Decimal, str]) -> BankEntry:
    amount, currency = money
    # What the bank returned is a reversal, whatever its code says.
    returned = [reason for detail in details for reason in _all(detail, "RtrInf")]
    reversal = bool(returned) or _text(entry, "RvslInd").lower() in {"true", "1"}
    # Who stands on the other side; in a reversal the parties keep the parts they had in what is reversed.
    parties = ("Dbtr", "Cdtr") if (amount > 0) != reversal else ("Cdtr", "Dbtr")
    booked_on = _day(entry, "BookgDt")
    references = [
        _text(element, "")
        for detail in details
        for path in ("RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Strd/RfrdDocInf/Nb", "Refs/EndToEndId")
        for element in _all(detail, path)
    ]
    written = [_text(element, "") for detail in details for element in _all(detail, "RmtInf/Ustrd")]
    written += [f"Returned: {reason}" for reason in (_reason(each) for each in returned) if reason]
    remittance = "\n".join(written)
    return BankEntry(
        bank_ref=_text(entry, "AcctSvcrRef") or _text(entry, "NtryRef"),
        amount=amount,
        currency=currency,
        booked_on=booked_on,
        value_on=_day(entry, "ValDt", default=booked_on),
        payer_name=_first(details, *(path for party in parties for path in (f"RltdPties/{party}/Nm", f"RltdPties/{party}/Pty/Nm"))),
        payer_iban=folded(_first(details, *(path for party in parties for path in _account_of(party)))),
        structured_refs=tuple(reference for reference in references if is_reference(reference)),
        remittance=remittance or _text(entry, "AddtlNtryInf"),
        reversal=reversal,
        transaction_code=_transaction_code([*details, entry]),
    )


def _reason(returned: etree._Element) -> str:
    """Why a payment was returned: the code (ISO 20022 external return reason, such as AC04) and what the bank adds to it."""
    code = _text(returned, "Rsn/Cd") or _text(returned, "Rsn/Prtry")
    return " ".join(filter(None, [code, _text(returned, "AddtlInf")]))


def _account_of(party: str) -> tuple[str, str]:
    return f"RltdPties/{party}Acct/Id/IBAN", f"RltdPties/{party}Acct/Id/Othr/Id"


def _transaction_code(elements: Sequence[etree._Element]) -> str:
    """The most exact code there is: of the transaction, else of the entry; the bank's own where it gives none of ISO's."""
    codes = (
        "/".join((_text(each, "BkTxCd/Domn/Cd"), _text(each, "BkTxCd/Domn/Fmly/Cd"), _text(each, "BkTxCd/Domn/Fmly/SubFmlyCd")))
        for each in elements
    )
    return next((code for code in codes if code.strip("/")), "") or _first(elements, "BkTxCd/Prtry/Cd")


def _amount_of(detail: etree._Element) -> tuple[Decimal, str]:
    for path in ("Amt", "AmtDtls/TxAmt/Amt"):
        found = _all(detail, path)
        if found:
            return _money(found[0])
    return Decimal(0), ""


def _signed(element: etree._Element) -> tuple[Decimal, str]:
    found = _all(element, "Amt")
    direction = _text(element, "CdtDbtInd")
    if not found or direction not in {"CRDT", "DBIT"}:
        raise Invalid("An amount or its direction (CRDT or DBIT) is missing.", code="statement_amount", next_step=_ASK_BANK)
    amount, currency = _money(found[0])
    return (amount if direction == "CRDT" else -amount), currency


def _money(element: etree._Element) -> tuple[Decimal, str]:
    """An amount as its schema types it (xs:decimal, at least 0): leading zeros and a plus sign change nothing."""
    text = _text(element, "")
    currency = element.get("Ccy", "")
    amount = read_decimal(text)
    if amount is None or not 0 <= amount < _MOST or amount != round(amount, _DECIMALS) or not _CURRENCY.fullmatch(currency):
        raise Invalid(
            f"{text[:40]!r} {currency[:10]!r} is no amount: a statement gives plain amounts of at most {_DECIMALS} decimals and 14 digits "
            "before them, without a minus sign, with a currency.",
            code="statement_amount",
            next_step=_ASK_BANK,
        )
    return abs(amount), currency


def _day(element: etree._Element, path: str, *, default: date | None = None) -> date:
    text = _text(element, f"{path}/Dt") or _text(element, f"{path}/DtTm")
    if not text and default is not None:
        return default
    return plain_day(text, read_xml_day(text))


def _first(elements: Sequence[etree._Element], *paths: str) -> str:
    return next((text for element in elements for path in paths if (text := _text(element, path))), "")


def _text(element: etree._Element, path: str) -> str:
    found = _all(element, path) if path else [element]
    return (found[0].text or "").strip()[:1000] if found else ""


def _all(element: etree._Element, path: str) -> list[etree._Element]:
    found = [element]
    for name in path.split("/"):
        found = [child for parent in found for child in parent if _name(child) == name]
    return found


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""
