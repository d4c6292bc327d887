"""The chart of accounts: the number every posting names, and how each account behaves."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Which side of the books an account is on."""

    ASSET = "ASSET"
    LIABILITY = "LIABILITY"
    EQUITY = "EQUITY"
    INCOME = "INCOME"
    EXPENSE = "EXPENSE"


@dataclass(frozen=True, slots=True)
class ChartEntry:
    """One account; `party` says that every line on it must name a customer or supplier."""

    number: str
    name: str
    kind: Kind
    party: bool = False


BANK = "1000"
#: What can stand for a bank account of ours, one for each.
BANK_ACCOUNTS = (BANK, "1001", "1002", "1003", "1004")
CASH_IN_TRANSIT = "1010"
CASH_VALUATION = "1080"
RECEIVABLES = "1200"
RECEIVABLES_VALUATION = "1208"
UNBILLED = "1210"
INPUT_VAT = "1250"
UNAPPLIED_CASH = "1290"
UNAPPLIED_CASH_VALUATION = "1298"
CLAIMS = "1295"
OWED_BY_SUPPLIERS = "1296"
DOUBTFUL_ALLOWANCE = "1299"
INVENTORY = "1400"
DROPSHIP_INVENTORY = "1410"
RECEIVING_INSPECTION = "1450"
RETURN_INSPECTION = "1480"
DEFERRED_COGS = "1500"
PAYABLES = "2000"
PAYABLES_VALUATION = "2008"
GOODS_RECEIVED_NOT_INVOICED = "2100"
OUTPUT_VAT = "2200"
CUSTOMER_DEPOSITS = "2300"
REFUNDS_PAYABLE = "2350"
RETURNED_PAYMENTS = "2360"
DEFERRED_REVENUE = "2400"
OPENING_BALANCE_EQUITY = "3000"
REVENUE = "4000"
RETURNS_AND_ALLOWANCES = "4050"
FREIGHT_REVENUE = "4100"
RESTOCKING_FEES = "4200"
DUNNING_INCOME = "4300"
EARNED_DISCOUNT = "4900"
UNEARNED_DISCOUNT = "4910"
COGS = "5000"
PURCHASE_PRICE_VARIANCE = "5100"
PURCHASE_DISCOUNT = "5150"
FREIGHT_OUT = "5200"
INVENTORY_ADJUSTMENT = "5300"
BAD_DEBT = "6200"
SMALL_BALANCE_WRITE_OFF = "6300"
BANK_CHARGES = "6400"
INTEREST_PAID = "6410"
OTHER_EXPENSES = "6900"
FX_GAIN = "7100"
FX_LOSS = "7110"
FX_UNREALISED = "7120"
OTHER_INCOME = "7200"
INTEREST_RECEIVED = "7300"

CHART: tuple[ChartEntry, ...] = (
    ChartEntry(BANK, "Bank", Kind.ASSET),
    *(ChartEntry(number, f"Bank, account {place}", Kind.ASSET) for place, number in enumerate(BANK_ACCOUNTS[1:], start=2)),
    ChartEntry(CASH_IN_TRANSIT, "Cash in transit and card clearing", Kind.ASSET),
    ChartEntry(CASH_VALUATION, "Bank, exchange valuation", Kind.ASSET),
    ChartEntry(RECEIVABLES, "Trade receivables (control)", Kind.ASSET, party=True),
    ChartEntry(RECEIVABLES_VALUATION, "Trade receivables, exchange valuation", Kind.ASSET),
    ChartEntry(UNBILLED, "Unbilled receivables", Kind.ASSET),
    ChartEntry(INPUT_VAT, "Input VAT", Kind.ASSET),
    ChartEntry(UNAPPLIED_CASH, "Unapplied and unidentified cash", Kind.ASSET),
    ChartEntry(UNAPPLIED_CASH_VALUATION, "Unapplied cash, exchange valuation", Kind.ASSET),
    ChartEntry(CLAIMS, "Claims receivable", Kind.ASSET, party=True),
    ChartEntry(OWED_BY_SUPPLIERS, "Owed by suppliers", Kind.ASSET),
    ChartEntry(DOUBTFUL_ALLOWANCE, "Allowance for doubtful debts", Kind.ASSET),
    ChartEntry(INVENTORY, "Inventory", Kind.ASSET),
    ChartEntry(DROPSHIP_INVENTORY, "Drop-ship inventory", Kind.ASSET),
    ChartEntry(RECEIVING_INSPECTION, "Receiving inspection", Kind.ASSET),
    ChartEntry(RETURN_INSPECTION, "Returns in inspection", Kind.ASSET),
    ChartEntry(DEFERRED_COGS, "Deferred cost of goods sold", Kind.ASSET),
    ChartEntry(PAYABLES, "Trade payables (control)", Kind.LIABILITY, party=True),
    ChartEntry(PAYABLES_VALUATION, "Trade payables, exchange valuation", Kind.LIABILITY),
    ChartEntry(GOODS_RECEIVED_NOT_INVOICED, "Goods received, not invoiced", Kind.LIABILITY),
    ChartEntry(OUTPUT_VAT, "Output VAT", Kind.LIABILITY),
    ChartEntry(CUSTOMER_DEPOSITS, "Customer deposits", Kind.LIABILITY),
    ChartEntry(REFUNDS_PAYABLE, "Refunds payable", Kind.LIABILITY),
    ChartEntry(RETURNED_PAYMENTS, "Payments to suppliers that came back", Kind.LIABILITY),
    ChartEntry(DEFERRED_REVENUE, "Deferred revenue", Kind.LIABILITY),
    ChartEntry(OPENING_BALANCE_EQUITY, "Opening balance equity", Kind.EQUITY),
    ChartEntry(REVENUE, "Revenue", Kind.INCOME),
    ChartEntry(RETURNS_AND_ALLOWANCES, "Returns and allowances", Kind.INCOME),
    ChartEntry(FREIGHT_REVENUE, "Freight revenue", Kind.INCOME),
    ChartEntry(RESTOCKING_FEES, "Restocking fees", Kind.INCOME),
    ChartEntry(DUNNING_INCOME, "Interest and dunning income", Kind.INCOME),
    ChartEntry(EARNED_DISCOUNT, "Earned payment discount", Kind.EXPENSE),
    ChartEntry(UNEARNED_DISCOUNT, "Unearned payment discount", Kind.EXPENSE),
    ChartEntry(COGS, "Cost of goods sold", Kind.EXPENSE),
    ChartEntry(PURCHASE_PRICE_VARIANCE, "Purchase price variance", Kind.EXPENSE),
    ChartEntry(PURCHASE_DISCOUNT, "Purchase payment discount", Kind.EXPENSE),
    ChartEntry(FREIGHT_OUT, "Freight out", Kind.EXPENSE),
    ChartEntry(INVENTORY_ADJUSTMENT, "Inventory adjustment and scrap", Kind.EXPENSE),
    ChartEntry(BAD_DEBT, "Bad debt", Kind.EXPENSE),
    ChartEntry(SMALL_BALANCE_WRITE_OFF, "Small-balance write-off", Kind.EXPENSE),
    ChartEntry(BANK_CHARGES, "Bank charges", Kind.EXPENSE),
    ChartEntry(INTEREST_PAID, "Interest paid", Kind.EXPENSE),
    ChartEntry(OTHER_EXPENSES, "Other expenses", Kind.EXPENSE),
    ChartEntry(FX_GAIN, "Realised exchange gain", Kind.INCOME),
    ChartEntry(FX_LOSS, "Realised exchange loss", Kind.EXPENSE),
    ChartEntry(FX_UNREALISED, "Unrealised exchange difference", Kind.EXPENSE),
    ChartEntry(OTHER_INCOME, "Other income", Kind.INCOME),
    ChartEntry(INTEREST_RECEIVED, "Interest received", Kind.INCOME),
)

#: What is owed in money, and where its worth at the rate of a period's last day is kept beside it: the account itself stays what its
#: items, receipts and statements say.
VALUED_ON: Mapping[str, str] = {
    **dict.fromkeys(BANK_ACCOUNTS, CASH_VALUATION),
    RECEIVABLES: RECEIVABLES_VALUATION,
    UNAPPLIED_CASH: UNAPPLIED_CASH_VALUATION,
    PAYABLES: PAYABLES_VALUATION,
    REFUNDS_PAYABLE: PAYABLES_VALUATION,
}

#: Accounts on which every line must name the customer or supplier.
PARTY_ACCOUNTS: frozenset[str] = frozenset(entry.number for entry in CHART if entry.party)
NUMBERS: frozenset[str] = frozenset(entry.number for entry in CHART)
