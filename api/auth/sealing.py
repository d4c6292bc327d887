"""The keys of an installation, and the one act that seals everything anew: authenticators' secrets and those of webhooks."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api.auth.model import SecondFactor
from api.product import product
from api.settings import Settings
from handlers import sealing
from handlers.changes import Author, note
from handlers.sealing import Ring
from handlers.webhooks import sealed


def ring() -> Ring:
    """The keys of the installation that answers the current request."""
    return ring_of(product().settings)


def ring_of(settings: Settings) -> Ring:
    """The keys that settings name, or the one in the data directory."""
    return sealing.ring_of(settings.secrets_key, settings.data)


def reseal(tx: Session, with_ring: Ring, by: Author) -> int:
    """Seal every secret with the present key; answers how many. Raises KeyMissing where a key is missing, and nothing was done."""
    number = _reseal_authenticators(tx, with_ring) + sealed.reseal(tx, with_ring)
    note(tx, by, "reseal_secrets", "installation", {"secrets": number})
    return number


def _reseal_authenticators(tx: Session, with_ring: Ring) -> int:
    rows = tx.execute(select(SecondFactor.account_id, SecondFactor.secret)).all()
    for row in rows:
        changed = update(SecondFactor).where(SecondFactor.account_id == row.account_id, SecondFactor.secret == row.secret)
        tx.execute(changed.values(secret=with_ring.reseal(row.secret)))
    return len(rows)
