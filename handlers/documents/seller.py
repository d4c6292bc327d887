"""Ourselves as a paper shows us."""

from sqlalchemy.orm import Session

from handlers.parties.master_data import company

_SHOWN = (
    "name", "street", "postal_code", "city", "country", "vat_no", "legal_id", "gln", "peppol_id", "email", "phone", "iban", "bic",
    "bank_name",
)  # fmt: skip


def seller(tx: Session) -> dict[str, str]:
    """The head and foot of every paper. Raises NotFound while nobody has said who we are."""
    us = company(tx)
    return {name: getattr(us, name) for name in _SHOWN}


def quantity(value: object) -> str:
    """A quantity as people write it: no trailing zeros."""
    text = f"{value:f}" if hasattr(value, "as_tuple") else str(value)
    return text.rstrip("0").rstrip(".") if "." in text else text
