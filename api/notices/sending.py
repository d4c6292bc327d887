"""How notices leave the house: mails by SMTP, chats and alerts by HTTPS. Without a mail server mails are kept, and the pages say so."""

import json
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from api.notices.alerts import WEBHOOK
from api.notices.chat import Message, written
from api.notices.links import PATH, make_link
from api.notices.mails import NOTICE
from api.notices.readers import readers_named
from api.settings import Settings
from engine.runtime.state.effects import DatabaseSink, Effect, kept
from engine.store.unit_of_work import Database
from handlers.calling import Network, Patience, Request, call, read_networks
from handlers.edi.carrying import carry, is_by_edi
from handlers.edi.exchange import Exchange
from handlers.mailing.letters import letter_of
from ui.languages import say

_NO_SERVER: Final = "No mail server is configured: set ORDERCRAFT_SMTP_HOST."
#: Seconds for which another server may keep us waiting.
_PATIENCE: Final = 20
_REFUSED: Final = 400


class NotDelivered(Exception):
    """The other side did not take it; it is tried again."""


class Outward:
    """The sink of this installation. What it knows no way for is kept in the ledger, as by default."""

    def __init__(self, settings: Settings, database: Database, exchange: Exchange | None = None) -> None:
        self._settings, self._database, self._exchange = settings, database, exchange

    def deliver(self, effect: Effect, attempt: int) -> Mapping[str, Any]:
        """Send a notice, an alert or a paper by EDI; keep everything else."""
        if effect.kind == NOTICE:
            return self._notice(effect)
        if effect.kind == WEBHOOK:
            return _post(effect, read_networks(self._settings.inside_networks))
        if is_by_edi(effect):
            return carry(self._database, self._exchange, effect)
        return self._to_outside(effect) or DatabaseSink().deliver(effect, attempt)

    def _notice(self, effect: Effect) -> Mapping[str, Any]:
        """In the chat of who has one, else by mail."""
        settings, payload = self._settings, effect.payload
        address, link = payload.get("address", ""), f"{settings.site.rstrip('/')}{payload['path']}"
        if not address:
            with self._database.transaction() as tx:
                reader = readers_named(tx, [payload["person"]]).get(payload["person"])
                if reader is None:
                    return kept(effect, f"{payload['person']} has no mail address, or no account any more.")
                if not (reader.chat_url or settings.smtp_host):
                    return kept(effect, _NO_SERVER)
                address = reader.mail
                if "task_id" in payload:
                    link = f"{settings.site.rstrip('/')}/{PATH}#{make_link(tx, reader.account_id, UUID(payload['task_id']))}"
            if reader.chat_url:
                return self._chat(effect, reader.chat_url, link)
        if not settings.smtp_host:
            return kept(effect, _NO_SERVER)
        self._send(_letter(effect, settings.mail_from, address, link))
        return {"sink": "smtp", "to": address, "server": settings.smtp_host}

    def _chat(self, effect: Effect, address: str, link: str) -> Mapping[str, Any]:
        payload = effect.payload
        tongue = payload.get("language", "")
        button = say("Open the task", in_language=tongue) if "task_id" in payload else say("Open", in_language=tongue)
        message = Message(payload["subject"], payload["text"], link, button)
        answer = _call(effect.key, address, written(address, message), read_networks(self._settings.inside_networks))
        return {"sink": "chat", "status": answer}

    def _to_outside(self, effect: Effect) -> Mapping[str, Any] | None:
        """A mail with its papers to a customer; None where the effect is none."""
        settings = self._settings
        with self._database.transaction() as tx:
            given = letter_of(tx, effect, written=bool(settings.smtp_host))
        if given is None:
            return None
        if given.why:
            return kept(effect, given.why)
        if not settings.smtp_host:
            return kept(effect, f"No mail server is configured: set ORDERCRAFT_SMTP_HOST. It would go to {given.to}.")
        letter = _headed(effect, given.subject, settings.mail_from, given.to)
        letter.set_content(given.text + "\n")
        for paper in given.attached:
            kind, _, subtype = paper.media_type.partition("/")
            letter.add_attachment(paper.content, maintype=kind, subtype=subtype, filename=paper.name)
        self._send(letter)
        return {"sink": "smtp", "to": given.to, "server": settings.smtp_host, "attached": [paper.name for paper in given.attached]}

    def _send(self, letter: EmailMessage) -> None:
        settings = self._settings
        trust = ssl.create_default_context()
        if settings.smtp_security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(settings.smtp_host, settings.smtp_port, timeout=_PATIENCE, context=trust)
        else:
            server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=_PATIENCE)
        with server:
            if settings.smtp_security == "starttls":
                server.starttls(context=trust)
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password)
            server.send_message(letter)


def _letter(effect: Effect, sender: str, address: str, link: str) -> EmailMessage:
    payload = effect.payload
    tongue = payload.get("language", "")
    letter = _headed(effect, payload["subject"], sender, address)
    once = say("The link opens only this task, once, and for three days.", in_language=tongue) if "task_id" in payload else ""
    letter.set_content("\n\n".join(filter(None, [payload["text"], link, once])) + "\n")
    return letter


def _headed(effect: Effect, subject: str, sender: str, address: str) -> EmailMessage:
    """Its Message-ID is the same on every attempt, so that a mail program shows one that came twice once."""
    letter = EmailMessage()
    letter["Subject"], letter["From"], letter["To"] = subject, sender, address
    letter["Message-ID"] = f"<{sha256(effect.key.encode()).hexdigest()[:40]}@{sender.rpartition('@')[2].strip('<> ') or 'ordercraft'}>"
    letter["Auto-Submitted"] = "auto-generated"
    return letter


def _post(effect: Effect, inside: Sequence[Network]) -> Mapping[str, Any]:
    return {"sink": "webhook", "status": _call(effect.key, effect.target, _plain(effect.payload), inside)}


def _call(key: str, address: str, said: Mapping[str, Any], inside: Sequence[Network]) -> int:
    """Post JSON; answers the status. Raises NotDelivered where the other side refuses it; its address is a secret of who gave it."""
    headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
    answer = call(Request("POST", address, headers, json.dumps(said).encode()), Patience(_PATIENCE), inside)
    if answer.status >= _REFUSED:
        raise NotDelivered(f"{urlsplit(address).hostname} answered {answer.status}.")
    return answer.status


def _plain(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value if isinstance(value, str | int | None) else str(value) for name, value in payload.items()}
