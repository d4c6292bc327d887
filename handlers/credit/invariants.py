"""What is always true of credit checks."""

from handlers.invariants import Invariant

INVARIANTS = (
    Invariant(
        "INV-14",
        "The exposure of a credit check is what its parts add up to, and was decided on no other figures.",
        """
        SELECT checked.order_no, checked.id, checked.exposure,
               checked.open_ar - checked.unapplied + checked.shipped_not_invoiced + checked.booked_not_shipped - checked.secured AS parts
        FROM credit_check AS checked
        WHERE checked.exposure <> greatest(
          0, checked.open_ar - checked.unapplied + checked.shipped_not_invoiced + checked.booked_not_shipped - checked.secured)
        """,
    ),
    Invariant(
        "INV-14",
        "The exposure of a credit check is what its parts add up to, and was decided on no other figures.",
        """
        SELECT checked.order_no, checked.id, 'changed afterwards' AS what FROM credit_check AS checked
        WHERE checked.fingerprint <> '' AND checked.fingerprint <> credit_check_fingerprint(checked)
        """,
    ),
    Invariant(
        "INV-34",
        "What credit tables alone approved of a customer's orders lies within its limit; beyond it there is a person who decided.",
        """
        SELECT checked.order_no, checked.id, checked.order_total, checked.available FROM credit_check AS checked
        WHERE checked.decision = 'APPROVED' AND starts_with(checked.decided_by, 'decision:') AND checked.order_total > checked.available
        """,
    ),
    Invariant(
        "INV-34",
        "What credit tables alone approved of a customer's orders lies within its limit; beyond it there is a person who decided.",
        """
        WITH latest AS (
          SELECT DISTINCT ON (customer_no) customer_no, currency,
                 available + exposure + secured + unapplied - open_ar - shipped_not_invoiced AS room
          FROM credit_check WHERE decision = 'APPROVED' AND starts_with(decided_by, 'decision:') ORDER BY customer_no, id DESC
        ), approved AS (
          SELECT DISTINCT ON (order_no) order_no, decision, decided_by, checked_at::date + horizon_days AS until
          FROM credit_check WHERE group_no IS NULL ORDER BY order_no, id DESC
        ), part AS (
          SELECT order_no, order_line_id, group_no, source_type, sched_ship, qty - qty_cancelled - qty_shipped AS qty
          FROM fulfil_line WHERE qty - qty_cancelled - qty_shipped > 0
          UNION ALL
          SELECT line.order_no, line.id, NULL, 'STOCK', NULL, line.qty_ordered - line.qty_cancelled FROM order_line AS line
          WHERE line.qty_ordered > line.qty_cancelled
            AND NOT EXISTS (SELECT 1 FROM fulfil_line WHERE fulfil_line.order_no = line.order_no)
        ), valued AS (
          SELECT orders.customer_no, part.qty * (line.line_net - line.header_discount) / line.qty_ordered
                   * CASE WHEN orders.net_total > 0 THEN orders.gross_total / orders.net_total ELSE 1 END AS amount
          FROM part JOIN order_line AS line ON line.id = part.order_line_id JOIN sales_order AS orders ON orders.order_no = part.order_no
          JOIN approved ON approved.order_no = part.order_no JOIN latest USING (customer_no)
          WHERE orders.state <> 'REJECTED' AND orders.currency = latest.currency
            AND approved.decision = 'APPROVED' AND starts_with(approved.decided_by, 'decision:')
            AND NOT EXISTS (SELECT 1 FROM hold WHERE hold.order_no = part.order_no AND hold.hold_code = 'CREDIT_CHECK_FAILURE')
            AND NOT EXISTS (
              SELECT 1 FROM credit_check AS released
              WHERE released.group_no = part.group_no AND NOT starts_with(released.decided_by, 'decision:'))
            AND (
              part.group_no IS NULL OR part.sched_ship IS NULL OR part.source_type = 'DROP' OR part.sched_ship <= approved.until
              OR EXISTS (SELECT 1 FROM credit_check AS released WHERE released.group_no = part.group_no AND released.decision = 'APPROVED'))
        )
        SELECT latest.customer_no, sum(valued.amount) AS approved, latest.room
        FROM valued JOIN latest USING (customer_no) GROUP BY latest.customer_no, latest.room
        HAVING sum(valued.amount) > latest.room + 0.01 * (1 + count(*))
        """,
    ),
)
