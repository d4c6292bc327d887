"""What is always true of the processes in the warehouse."""

from handlers.invariants import Invariant

INVARIANTS = (
    Invariant(
        "INV-22",
        "Nobody is asked to reserve, pick, pack or hand over what has left.",
        """
        SELECT instance.business_key AS group_no, user_task.element_id, user_task.created_at
        FROM user_task JOIN instance ON instance.id = user_task.instance_id
        WHERE instance.process_key = 'fulfillment-to-invoice' AND user_task.state = 'open' AND instance.wake = instance.done
          AND user_task.element_id IN ('resolve_shortage', 'pick_and_pack', 'correct_address', 'confirm_shipment')
          AND EXISTS (SELECT 1 FROM fulfil_line AS line WHERE line.group_no = instance.business_key AND line.qty_shipped > 0)
          AND NOT EXISTS (
            SELECT 1 FROM fulfil_line AS line
            WHERE line.group_no = instance.business_key AND line.qty - line.qty_cancelled > line.qty_shipped)
        """,
    ),
    Invariant(
        "INV-22",
        "No group waits of which nothing is left to ship, to invoice or to send.",
        """
        SELECT grp.group_no, instance.id AS instance_id, instance.updated_at
        FROM instance JOIN fulfil_group AS grp ON grp.group_no = instance.business_key
        WHERE instance.process_key = 'fulfillment-to-invoice' AND instance.state = 'waiting' AND instance.wake = instance.done
          AND NOT EXISTS (SELECT 1 FROM user_task WHERE user_task.instance_id = instance.id AND user_task.state = 'open')
          AND NOT EXISTS (SELECT 1 FROM work WHERE work.instance_id = instance.id)
          AND NOT EXISTS (
            SELECT 1 FROM fulfil_line AS line WHERE line.group_no = grp.group_no AND line.qty - line.qty_cancelled > line.qty_invoiced)
          AND NOT EXISTS (
            SELECT 1 FROM invoice JOIN shipment USING (shipment_no)
            WHERE shipment.group_no = grp.group_no AND invoice.kind = 'INV' AND invoice.delivered_at IS NULL)
        """,
    ),
)
