"""The case of a late charge: of which invoice and reminder, for which days, and what became of it; and the list of them."""

from handlers.case_lists import CaseList
from handlers.cases import CaseKind, Part, Shown
from handlers.parties.cases import WITH_CUSTOMER

_STATE = """CASE WHEN item.disputed AND item.open_amount > 0 THEN 'DISPUTED' WHEN item.open_amount > 0 THEN 'OPEN'
      WHEN charge.waived > 0 THEN 'WAIVED' ELSE 'PAID' END AS state"""
_FROM = """FROM late_charge AS charge JOIN customer ON customer.customer_no = charge.customer_no
    JOIN open_item AS item ON item.kind = 'AR' AND item.document_no = charge.charge_no"""
_DAYS = Part(
    "Days with interest",
    (
        Shown("first_day", "From", "day"),
        Shown("last_day", "To", "day"),
        Shown("days", "Days", "quantity"),
        Shown("principal", "Overdue", "money", "currency"),
        Shown("rate_pct", "Rate a year", "percent"),
        Shown("interest", "Interest", "money", "currency"),
    ),
    """
    SELECT days.first_day, days.last_day, days.last_day - days.first_day + 1 AS days, days.principal, days.rate_pct, days.interest,
      charge.currency
    FROM late_charge_days AS days JOIN late_charge AS charge USING (charge_no) WHERE charge_no = :number ORDER BY days.position
    """,
)
LATE_CHARGE = CaseKind(
    kind="late-charge",
    noun="Late charge",
    named="SELECT charge_no AS known_as, charge_no AS number FROM late_charge",
    head=f"""
    SELECT charge.charge_no, customer.name, charge.customer_no, customer.name AS customer_name, charge.invoice_no, charge.level,
      charge.currency, nullif(charge.fee, 0) AS fee, nullif(charge.interest, 0) AS interest, charge.fee + charge.interest AS amount,
      item.open_amount, nullif(charge.basis, '') AS basis, item.due_date, item.open_amount > 0 AND item.due_date < business_today() AS late,
      charge.charged_at, nullif(charge.waived, 0) AS waived, nullif(charge.waived_by, '') AS waived_by, charge.waived_at,
      nullif(charge.waived_because, '') AS waived_because, {_STATE}, ARRAY[charge.charge_no] AS keys, ARRAY[charge.charge_no] AS papers
    {_FROM} WHERE charge.charge_no = :number
    """,
    facts=(
        Shown("invoice_no", "Late invoice", "invoice"),
        Shown("customer_no", "Customer", "customer", under="customer_name"),
        Shown("level", "Reminder level", "quantity"),
        Shown("interest", "Interest", "money", "currency"),
        Shown("fee", "Fee", "money", "currency"),
        Shown("amount", "Together", "money", "currency"),
        Shown("open_amount", "Open", "money", "currency", odd="late"),
        Shown("due_date", "Due", "day", odd="late"),
        Shown("basis", "By which law or agreement"),
        Shown("charged_at", "Charged", "moment"),
        Shown("waived", "Waived", "money", "currency"),
        Shown("waived_by", "Waived by"),
        Shown("waived_because", "Waived because"),
        Shown("waived_at", "Waived at", "moment"),
    ),
    parts=(_DAYS, *WITH_CUSTOMER),
)
LATE_CHARGES = CaseList(
    kind="late-charge",
    title="Late charges",
    states=("OPEN", "DISPUTED", "PAID", "WAIVED"),
    shown=(
        Shown("invoice_no", "Late invoice", "invoice"),
        Shown("due_date", "Due", "day", odd="late"),
        Shown("interest", "Interest", "money", "currency"),
        Shown("fee", "Fee", "money", "currency"),
        Shown("open_amount", "Open", "money", "currency"),
    ),
    sql=f"""
    SELECT charge.charge_no AS number, customer.name, charge.invoice_no, item.due_date,
      item.open_amount > 0 AND item.due_date < business_today() AS late, charge.interest, charge.fee, item.open_amount, charge.currency,
      {_STATE}
    {_FROM}
    """,
    empty="What late payment costs a customer: a fee and interest with the second reminder and the later ones, by the table late-charge.",
)
