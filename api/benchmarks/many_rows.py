"""Fills a database with very many open instances, tasks and orders that only stand there, set by set: what lists are measured on."""

from sqlalchemy import text
from sqlalchemy.orm import Session

#: What is filled, in the order of who refers to whom.
_FILLED = ("instance", "user_task", "identity_link", "sales_order", "order_line")


def fill(tx: Session, rows: int) -> None:
    """So many of each, over the last 90 days. The company, its processes and its people must be there.

    Indexes are dropped and made anew, and what checks row by row is put off: these rows are right by the way they are made.
    """
    indexes = tx.execute(_INDEXES, {"tables": list(_FILLED)}).all()
    tx.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
    tx.execute(text("SET LOCAL session_replication_role = replica"))  # no foreign keys row by row, and no triggers
    for index in indexes:
        tx.execute(text(f"DROP INDEX {index.name}"))
    for statement in (_CUSTOMERS, _INSTANCES, _TASKS, _LINKS, _ORDERS, _LINES):
        tx.execute(statement, {"rows": rows})
    for index in indexes:
        tx.connection().exec_driver_sql(index.made_by)


_INDEXES = text("""
SELECT i.indexname AS name, i.indexdef AS made_by FROM pg_indexes i
WHERE i.schemaname = 'public' AND i.tablename = ANY(:tables)
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conname = i.indexname)
""")
_CUSTOMERS = text("""
INSERT INTO customer (customer_no, name, country, currency)
SELECT 'C-' || (100000 + n), (ARRAY['Bergmann','Novák','Lindqvist','Moreau','Kowalska','Ferrari','Ødegaard','Huber'])[1 + n % 8] || ' '
  || (ARRAY['Haustechnik','Installationen','Anlagenbau','Wärme','Wasserwerk'])[1 + n % 5] || ' ' || n, 'AT', 'EUR'
FROM generate_series(1, least(:rows / 100 + 1, 10000)) AS n
""")
_INSTANCES = text("""
INSERT INTO instance (id, process_version_id, process_key, business_key, state, variables, started_at, started_by, updated_at)
SELECT CAST(lpad(to_hex(n), 32, '0') AS uuid), process.id, process.process_key, 'SO-' || lpad(CAST(5000000 + n AS text), 7, '0'),
  CASE WHEN n % 500 = 0 THEN 'suspended' WHEN n % 200 = 0 THEN 'incident' WHEN n % 1000 = 1 THEN 'running' ELSE 'waiting' END,
  jsonb_build_object('order_no', 'SO-' || lpad(CAST(5000000 + n AS text), 7, '0')),
  business_now() - make_interval(secs => n * (86400 * 90.0 / :rows)), 'tom',
  business_now() - make_interval(secs => n * (86400 * 90.0 / :rows) * 0.7)
FROM generate_series(1, :rows) AS n
JOIN (SELECT id, process_key, row_number() OVER (ORDER BY process_key) - 1 AS place, count(*) OVER () AS places
      FROM process_version WHERE latest) AS process ON process.place = n % process.places
""")
_TASKS = text("""
INSERT INTO user_task (id, instance_id, element_id, name, title, candidate_groups, assignee, claimed_at, priority, due_at, created_at,
  process_key, found_by, excluded_users)
SELECT CAST(lpad(to_hex(n), 32, '0') AS uuid), CAST(lpad(to_hex(n), 32, '0') AS uuid), 'decide', 'Decide',
  (ARRAY['Approve order','Repair order','Decide on credit of','Pick and pack','Apply the receipt of'])[1 + n % 5] || ' SO-'
    || lpad(CAST(5000000 + n AS text), 7, '0'),
  ARRAY[(ARRAY['order-desk','order-desk','credit','warehouse','accounts-receivable','order-desk','order-desk'])[1 + n % 7]],
  CASE WHEN n % 97 = 0 THEN 'tom' END, CASE WHEN n % 97 = 0 THEN business_now() END,
  CASE WHEN n % 50 = 0 THEN 80 ELSE 50 END,
  CASE WHEN n % 11 > 0 THEN business_now() + make_interval(secs => (:rows / 3 - n) * (86400 * 90.0 / :rows)) END,
  business_now() - make_interval(secs => n * (86400 * 90.0 / :rows)), instance.process_key,
  (ARRAY['Approve order','Repair order','Decide on credit of','Pick and pack','Apply the receipt of'])[1 + n % 5] || ' '
    || instance.business_key,
  CASE WHEN n % 20 = 0 THEN ARRAY[(ARRAY['tom','edith','wanda'])[1 + n / 20 % 3]] ELSE '{}' END
FROM generate_series(1, :rows) AS n JOIN instance ON instance.id = CAST(lpad(to_hex(n), 32, '0') AS uuid)
""")
_LINKS = text("INSERT INTO identity_link SELECT * FROM task_concerns WHERE :rows > 0")
_ORDERS = text("""
INSERT INTO sales_order (order_no, source, source_ref, state, customer_no, customer_po, currency, net_days, incoterm, ordered_on,
  net_total, gross_total, created_at)
SELECT 'SO-' || lpad(CAST(5000000 + n AS text), 7, '0'), 'BENCH', 'bench-' || n,
  CASE WHEN n % 1000 = 0 THEN 'REJECTED' WHEN n % 300 = 0 THEN 'DRAFT' ELSE 'SUBMITTED' END,
  'C-' || (100001 + n % least(:rows / 100 + 1, 10000)), 'PO-' || (n % 100000 * 7919 % 10000000), 'EUR', 30, 'FCA',
  CAST(business_now() - make_interval(secs => n * (86400 * 90.0 / :rows)) AS date), n % 9000 + 100, (n % 9000 + 100) * 1.2,
  business_now() - make_interval(secs => n * (86400 * 90.0 / :rows))
FROM generate_series(1, :rows) AS n
""")
_LINES = text("""
INSERT INTO order_line (order_no, line_no, sku, description, uom, qty_ordered, unit_net, line_net)
SELECT 'SO-' || lpad(CAST(5000000 + n AS text), 7, '0'), 1, 'PUMP-40', 'Circulation pump 40 W', 'EA', 1 + n % 20, 249, 249
FROM generate_series(1, :rows) AS n
""")
