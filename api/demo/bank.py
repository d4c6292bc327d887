"""Makes camt.053 statements for the demo and the tests: what a bank would send about payments received."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from lxml import etree
from lxml.builder import ElementMaker  # type: ignore[import-not-found]  # lxml-stubs leaves it out

_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
_E = ElementMaker(namespace=_NAMESPACE, nsmap={None: _NAMESPACE})


@dataclass(frozen=True, slots=True)
class Payment:
    """A credit to our account, or with a negative amount a debit; `reference` is what the payer wrote, usually an invoice number.

    `payer` is the other side, whichever way the money goes.
    """

    reference: str
    amount: Decimal
    currency: str
    payer: str = ""
    payer_iban: str = ""


def statement_of(
    statement_id: str,
    payments: Sequence[Payment],
    *,
    day: date | None = None,
    iban: str = "AT611904300234573201",
    opening: Decimal = Decimal(0),
) -> bytes:
    """A camt.053.001.08 statement of one day with these entries and balances that add up."""
    day = day or date.today()  # noqa: DTZ011  # a bank's booking day
    currency = payments[0].currency
    closing = opening + sum((payment.amount for payment in payments), Decimal(0))
    statement = _E.Stmt(
        _E.Id(statement_id),
        _E.CreDtTm(f"{day.isoformat()}T18:00:00"),
        _E.Acct(_E.Id(_E.IBAN(iban)), _E.Ccy(currency)),
        _balance("OPBD", opening, currency, day),
        _balance("CLBD", closing, currency, day),
        *(_entry(f"{statement_id}-{number}", payment, day) for number, payment in enumerate(payments, start=1)),
    )
    header = _E.GrpHdr(_E.MsgId(statement_id), _E.CreDtTm(f"{day.isoformat()}T18:00:00"))
    document = _E.Document(_E.BkToCstmrStmt(header, statement))
    return etree.tostring(document, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _balance(code: str, amount: Decimal, currency: str, day: date) -> etree._Element:
    balance: etree._Element = _E.Bal(
        _E.Tp(_E.CdOrPrtry(_E.Cd(code))),
        _E.Amt(f"{abs(amount):.2f}", Ccy=currency),
        _E.CdtDbtInd(_side(amount)),
        _E.Dt(_E.Dt(day.isoformat())),
    )
    return balance


def _side(amount: Decimal) -> str:
    return "DBIT" if amount < 0 else "CRDT"


def _entry(reference: str, payment: Payment, day: date) -> etree._Element:
    other, account = (_E.Cdtr, _E.CdtrAcct) if payment.amount < 0 else (_E.Dbtr, _E.DbtrAcct)
    amount = _E.Amt(f"{abs(payment.amount):.2f}", Ccy=payment.currency)
    parties = _E.RltdPties(
        other(_E.Pty(_E.Nm(payment.payer or "Unknown payer"))),
        *([account(_E.Id(_E.IBAN(payment.payer_iban)))] if payment.payer_iban else []),
    )
    entry: etree._Element = _E.Ntry(
        _E.NtryRef(reference),
        amount,
        _E.CdtDbtInd(_side(payment.amount)),
        _E.Sts(_E.Cd("BOOK")),
        _E.BookgDt(_E.Dt(day.isoformat())),
        _E.ValDt(_E.Dt(day.isoformat())),
        _E.AcctSvcrRef(reference),
        _E.NtryDtls(
            _E.TxDtls(
                _E.Refs(_E.EndToEndId(payment.reference)),
                deepcopy(amount),
                parties,
                _E.RmtInf(_E.Ustrd(payment.reference)),
            )
        ),
    )
    return entry
