"""The case of a customer, and what every case says of its customer: who it is, what it owes, and how it has dealt with us."""

from handlers.cases import CaseKind, Part, Shown

CUSTOMER = Shown("customer_no", "Customer", "customer", under="customer_name")
_STANDING = """
SELECT customer.customer_no, customer.name AS customer_name, customer.customer_class, customer.currency, customer.credit_limit,
  customer.account_hold, nullif(customer.dunning_level, 0) AS dunning_level, customer.dunning_level > 0 AS dunned,
  coalesce(owed.open_amount, 0) AS open_amount, owed.overdue, owed.oldest_days,
  coalesce(owed.overdue, 0) > 0 AS late, customer.credit_limit > 0 AND owed.open_amount > customer.credit_limit AS over_limit,
  bought.orders, bought.net, bought.first_on, paid.days AS paid_after, paid.days > customer.net_days AS pays_late, customer.net_days
FROM customer
LEFT JOIN LATERAL (
  SELECT sum(item.open_amount) AS open_amount, sum(item.open_amount) FILTER (WHERE item.due_date < business_today()) AS overdue,
    max(business_today() - item.due_date) FILTER (WHERE item.due_date < business_today()) AS oldest_days
  FROM open_item AS item
  WHERE item.kind = 'AR' AND item.party_no = customer.customer_no AND item.currency = customer.currency AND item.open_amount > 0
) AS owed ON true
LEFT JOIN LATERAL (
  SELECT count(*) AS orders, sum(placed.net_total) AS net, min(placed.ordered_on) AS first_on FROM sales_order AS placed
  WHERE placed.customer_no = customer.customer_no AND placed.currency = customer.currency AND placed.state = 'SUBMITTED'
    AND placed.ordered_on > business_today() - 365
) AS bought ON true
LEFT JOIN LATERAL (
  SELECT CAST(round(avg(CAST(item.closed_at AS date) - item.document_date)) AS int) AS days FROM open_item AS item
  WHERE item.kind = 'AR' AND item.party_no = customer.customer_no AND item.closed_at > business_now() - interval '1 year'
) AS paid ON true
WHERE customer.customer_no = :customer_no
"""
_STANDS = (
    Shown("customer_class", "Class"),
    Shown("orders", "Orders in a year", "quantity"),
    Shown("net", "Bought in a year", "money", "currency"),
    Shown("open_amount", "Owes", "money", "currency", odd="over_limit"),
    Shown("overdue", "Overdue", "money", "currency", odd="late"),
    Shown("oldest_days", "Oldest overdue", "days", odd="late"),
    Shown("dunning_level", "Reminder level", "quantity", odd="dunned"),
    Shown("paid_after", "Pays after", "days", odd="pays_late"),
    Shown("credit_limit", "Credit limit", "money", "currency"),
    Shown("account_hold", "Account on hold", "flag", odd="account_hold"),
)
#: For the case of whatever has a `customer_no`.
WITH_CUSTOMER = (
    Part("This customer", (CUSTOMER, *_STANDS), _STANDING, rows=False),
    Part(
        "Latest orders of this customer",
        (
            Shown("order_no", "Order", "order"),
            Shown("ordered_on", "Ordered", "day"),
            Shown("status", "Status", "code", odd="on_hold"),
            Shown("net_total", "Net", "money", "currency"),
        ),
        """
        SELECT placed.order_no, placed.ordered_on, derived.status, derived.on_hold, placed.net_total, placed.currency
        FROM (
          SELECT order_no, ordered_on, net_total, currency FROM sales_order
          WHERE customer_no = :customer_no AND order_no <> :number ORDER BY ordered_on DESC, order_no DESC LIMIT 5
        ) AS placed JOIN order_status AS derived ON derived.order_no = placed.order_no ORDER BY placed.ordered_on DESC, placed.order_no DESC
        """,
        folded=True,
    ),
)
_INVOICES = Part(
    "Open invoices",
    (
        Shown("document_no", "Invoice", "invoice"),
        Shown("due_date", "Due", "day", odd="late"),
        Shown("dunning_level", "Reminder level", "quantity", odd="dunned"),
        Shown("disputed", "Disputed", "flag", odd="disputed"),
        Shown("open_amount", "Open", "money", "currency"),
    ),
    """
    SELECT document_no, due_date, due_date < business_today() AS late, nullif(dunning_level, 0) AS dunning_level,
      dunning_level > 0 AS dunned, disputed, open_amount, currency
    FROM open_item WHERE kind = 'AR' AND party_no = :customer_no AND open_amount > 0 ORDER BY due_date, document_no LIMIT 50
    """,
)
_QUOTES = Part(
    "Latest quotes",
    (
        Shown("quote_no", "Quote", "quote"),
        Shown("created_at", "Written", "day"),
        Shown("state", "State", "code"),
        Shown("net_total", "Net", "money", "currency"),
    ),
    """
    SELECT quote_no, created_at, state, net_total, currency FROM quote WHERE customer_no = :customer_no
    ORDER BY created_at DESC, quote_no DESC LIMIT 5
    """,
)

CASES = (
    CaseKind(
        kind="customer",
        noun="Customer",
        named="SELECT customer_no AS known_as, customer_no AS number FROM customer",
        head="""
        SELECT customer_no, name, CASE WHEN account_hold THEN 'ON_HOLD' WHEN active THEN '' ELSE 'INACTIVE' END AS state, country, net_days,
          email, vat_no, CAST('{}' AS text[]) AS keys, CAST('{}' AS text[]) AS papers
        FROM customer WHERE customer_no = :number
        """,
        facts=(
            Shown("country", "Country"),
            Shown("net_days", "Pays within", "days"),
            Shown("email", "Mail"),
            Shown("vat_no", "VAT number"),
        ),
        parts=(Part("Dealing with us", _STANDS, _STANDING, rows=False), _INVOICES, WITH_CUSTOMER[1], _QUOTES),
    ),
)
