"""What an instance holds of what is owed."""

from handlers.holdings import Holding

HOLDINGS = (
    Holding(
        "open item",
        """
        SELECT document_no AS number, currency AS unit, open_amount AS amount, 'Not paid yet, due on ' || due_date AS sentence
        FROM open_item WHERE kind = 'AR' AND document_no = :business_key AND open_amount > 0
        """,
    ),
)
