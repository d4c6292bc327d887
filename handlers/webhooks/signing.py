"""Secrets and signatures, as Standard Webhooks says: HMAC-SHA256 over id, time and the very bytes of the body."""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from standardwebhooks import Webhook

#: Of a secret's random part, in bytes; the specification wants 24 to 64.
_LENGTH: Final = 32


def new_secret() -> str:
    """A secret as both sides keep it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_LENGTH)).decode()


def signed(message_id: str, at: datetime, body: str, keys: Sequence[str]) -> dict[str, str]:
    """The headers of a message: one signature for each secret that counts, so that the other side changes when it likes."""
    signatures = [Webhook(key).sign(message_id, at, body) for key in keys]
    return {"webhook-id": message_id, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": " ".join(signatures)}
