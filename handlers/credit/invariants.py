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
)
