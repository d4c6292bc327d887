"""Which accounts each business event may touch. Whoever adds an event that posts names its accounts here.

A journal on another account is refused when it is posted (`rules.check_entry`), and found by INV-29 when somebody moved it afterwards.
Journals that a person writes by hand, and events that are not named here, may touch any account of the chart.
"""

from collections.abc import Mapping
from typing import Final

from handlers.ledger import accounts

_BANKS = frozenset(accounts.BANK_ACCOUNTS)
_EXCHANGE = frozenset({accounts.FX_GAIN, accounts.FX_LOSS})

#: Where a person may book: everywhere but on the accounts whose lines name a customer or supplier.
NUMBERS_BY_HAND: Final = accounts.NUMBERS - accounts.PARTY_ACCOUNTS

ACCOUNTS_OF: Final[Mapping[str, frozenset[str]]] = {
    # Until 0002 the other side of every receipt was 2100.
    "goods_received": frozenset(
        {accounts.INVENTORY, accounts.INVENTORY_ADJUSTMENT, accounts.OPENING_BALANCE_EQUITY, accounts.GOODS_RECEIVED_NOT_INVOICED}
    ),
    # What customers owed when the books were opened.
    "receivable.opening": frozenset({accounts.RECEIVABLES, accounts.OPENING_BALANCE_EQUITY}),
    "stock.short_picked": frozenset({accounts.INVENTORY, accounts.INVENTORY_ADJUSTMENT}),
    "shipment.confirmed": frozenset({accounts.DEFERRED_COGS, accounts.INVENTORY}),
    "invoice.posted": frozenset(
        {
            accounts.RECEIVABLES,
            accounts.REVENUE,
            accounts.FREIGHT_REVENUE,
            accounts.OUTPUT_VAT,
            accounts.CUSTOMER_DEPOSITS,
            accounts.DEFERRED_REVENUE,
        }
    ),
    "cogs.recognised": frozenset({accounts.COGS, accounts.DEFERRED_COGS}),
    "return.received": frozenset({accounts.RETURN_INSPECTION, accounts.COGS}),
    "return.inspected": frozenset({accounts.RETURN_INSPECTION, accounts.INVENTORY, accounts.INVENTORY_ADJUSTMENT}),
    "credit_memo.posted": frozenset(
        {
            accounts.RECEIVABLES,
            accounts.REFUNDS_PAYABLE,
            accounts.RETURNS_AND_ALLOWANCES,
            accounts.RESTOCKING_FEES,
            accounts.OUTPUT_VAT,
            accounts.CUSTOMER_DEPOSITS,
            accounts.DEFERRED_REVENUE,
        }
    ),
    "refund.paid": _BANKS | _EXCHANGE | {accounts.REFUNDS_PAYABLE},
    "receipt.recorded": _BANKS | {accounts.UNAPPLIED_CASH},
    "receipt.identified": frozenset({accounts.UNAPPLIED_CASH}),
    "receipt.applied": _EXCHANGE
    | {
        accounts.UNAPPLIED_CASH,
        accounts.RECEIVABLES,
        accounts.EARNED_DISCOUNT,
        accounts.UNEARNED_DISCOUNT,
        accounts.OUTPUT_VAT,
        accounts.SMALL_BALANCE_WRITE_OFF,
        accounts.OTHER_INCOME,
    },
    # A late charge is no supply: there is no VAT on it.
    "late_charge.posted": frozenset({accounts.RECEIVABLES, accounts.DUNNING_INCOME}),
    "late_charge.waived": frozenset({accounts.RECEIVABLES, accounts.DUNNING_INCOME}),
    # What an agreed dispute gives away: a credit with its tax, of a late charge its income, or a write-off.
    "receivable.adjusted": frozenset(
        {accounts.RECEIVABLES, accounts.RETURNS_AND_ALLOWANCES, accounts.DUNNING_INCOME, accounts.BAD_DEBT, accounts.OUTPUT_VAT}
    ),
    "bank.opening": _BANKS | {accounts.OPENING_BALANCE_EQUITY},
    # A person says on which account an entry of the bank, or a receipt that is no customer's payment, belongs.
    "bank.entry": NUMBERS_BY_HAND,
    "receipt.booked": NUMBERS_BY_HAND,
    "dropship.received": frozenset({accounts.RECEIVING_INSPECTION, accounts.GOODS_RECEIVED_NOT_INVOICED}),
    "dropship.accrual_cleared": frozenset({accounts.GOODS_RECEIVED_NOT_INVOICED, accounts.PURCHASE_PRICE_VARIANCE}),
    "accrual.written_off": frozenset({accounts.GOODS_RECEIVED_NOT_INVOICED, accounts.PURCHASE_PRICE_VARIANCE}),
    "dropship.delivered": frozenset({accounts.DROPSHIP_INVENTORY, accounts.RECEIVING_INSPECTION}),
    "dropship.issued": frozenset({accounts.DEFERRED_COGS, accounts.DROPSHIP_INVENTORY}),
    "supplier_invoice.approved": _EXCHANGE
    | {
        accounts.GOODS_RECEIVED_NOT_INVOICED,
        accounts.PURCHASE_PRICE_VARIANCE,
        accounts.FREIGHT_OUT,
        accounts.INPUT_VAT,
        accounts.PAYABLES,
    },
    # The other side of a credit note is what it was for: the accrual and the price of goods, or their cost when they went back.
    "supplier_credit.approved": _EXCHANGE
    | {
        accounts.PAYABLES,
        accounts.OWED_BY_SUPPLIERS,
        accounts.GOODS_RECEIVED_NOT_INVOICED,
        accounts.PURCHASE_PRICE_VARIANCE,
        accounts.COGS,
        accounts.FREIGHT_OUT,
        accounts.INPUT_VAT,
    },
    "supplier_credit.set_off": _EXCHANGE | {accounts.PAYABLES, accounts.OWED_BY_SUPPLIERS},
    "period.revenue_accrued": frozenset({accounts.UNBILLED, accounts.REVENUE, accounts.COGS, accounts.DEFERRED_COGS}),
    "period.revalued": frozenset(accounts.VALUED_ON.values()) | {accounts.FX_UNREALISED},
    "supplier.paid": _BANKS | _EXCHANGE | {accounts.PAYABLES, accounts.PURCHASE_DISCOUNT, accounts.INPUT_VAT},
}
REVERSED: Final = ".reversed"


def accounts_of(event_type: str) -> frozenset[str] | None:
    """The accounts an event may touch, or its reversal; None when it may touch any."""
    return ACCOUNTS_OF.get(event_type.removesuffix(REVERSED))
