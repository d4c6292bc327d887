"""Passkeys (W3C Web Authentication): added, listed, taken away, and signing in or confirming who one is by one.

A device keeps the private key, and asks its owner for a finger, a face or a PIN before it signs: what it signs is two factors at once, so
that nothing is asked for beside it. It signs what was made for the browser that asked, once, and for the address at which it was added.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from api.auth import second_factor
from api.auth.accounts import company_name
from api.auth.hashes import hash_of, new_secret
from api.auth.model import Passkey, PasskeyChallenge, UserAccount
from engine.problems import Conflict, Invalid, NotFound
from engine.store import locks
from engine.store.locks import Lock
from handlers.changes import Author, note

#: How long somebody has to touch their device.
_PATIENCE: Final = timedelta(minutes=5)
_MOST_PASSKEYS: Final = 20
_LONGEST_LABEL: Final = 100
_LONGEST_ID: Final = 1_400  # characters of Base64 of what the specification allows as an id, 1,023 bytes
_ASKED: Final = UserVerificationRequirement.REQUIRED


@dataclass(frozen=True, slots=True)
class Place:
    """Where it happens, as the browser knows it: a passkey is bound to the name of the host."""

    host: str
    origin: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a browser is to be told, and the secret of the cookie in which it brings it back."""

    options: dict[str, Any]
    browser: str


@dataclass(frozen=True, slots=True)
class PasskeyRow:
    """A passkey in a list."""

    id: int
    label: str
    synced: bool
    added_at: datetime
    last_used_at: datetime | None


def list_passkeys(tx: Session, account_id: int) -> Sequence[PasskeyRow]:
    """The passkeys of an account, the oldest first."""
    columns = (Passkey.id, Passkey.label, Passkey.synced, Passkey.added_at, Passkey.last_used_at)
    rows = tx.execute(select(*columns).where(Passkey.account_id == account_id).order_by(Passkey.id))
    return [PasskeyRow(*row) for row in rows]


def ask_for_new(tx: Session, account: UserAccount, place: Place) -> Asked:
    """What a device needs to make a passkey for an account. Raises Invalid where the address is none that a passkey can be bound to."""
    known = tx.scalars(select(Passkey.credential_id).where(Passkey.account_id == account.id)).all()
    challenge = secrets.token_bytes(32)
    options = generate_registration_options(
        rp_id=_host(place),
        rp_name=f"Ordercraft {company_name(tx)}".strip(),
        user_id=str(account.id).encode(),
        user_name=account.name,
        user_display_name=account.full_name,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, require_resident_key=True, user_verification=_ASKED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
    )
    return Asked(options_to_json_dict(options), _remember(tx, challenge, account.id))


def add(tx: Session, account: UserAccount, asked: tuple[Place, str], label: str, credential: dict[str, Any]) -> list[str]:
    """Keep a passkey that a device has made; `asked` is where, and the secret of the cookie.

    Answers ten recovery codes where there were none, to be told once. Raises Invalid by field, Conflict for one too many.
    """
    place, browser = asked
    called = _label(label)
    challenge = _take(tx, browser, account.id)
    try:
        made = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=_host(place),
            expected_origin=place.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise _refused("The passkey was not made as it was asked for.") from None
    locks.take(tx, Lock.USER_ACCOUNT, [account.id])
    if len(list_passkeys(tx, account.id)) >= _MOST_PASSKEYS:
        raise Conflict(f"There are {_MOST_PASSKEYS} passkeys already.", code="passkeys_many", next_step="Take the least used away first.")
    kept = insert(Passkey).values(
        account_id=account.id,
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        synced=made.credential_device_type == CredentialDeviceType.MULTI_DEVICE,
        label=called,
    )
    if tx.scalar(kept.on_conflict_do_nothing().returning(Passkey.id)) is None:
        raise Conflict("That passkey is kept already.", code="passkey_known", next_step="Use another device, or the passkey that you have.")
    note(tx, Author(account.name), "add_passkey", f"account:{account.name}", {"passkey": called})
    return second_factor.first_recovery_codes(tx, account.id)


def remove(tx: Session, account: UserAccount, passkey_id: int, by: Author) -> None:
    """Take one passkey of an account away, as of a lost device. Raises NotFound."""
    gone = delete(Passkey).where(Passkey.id == passkey_id, Passkey.account_id == account.id).returning(Passkey.label)
    label = tx.scalar(gone)
    if label is None:
        raise NotFound(f"There is no passkey {passkey_id}.", code="passkey_unknown", next_step="Load the list again: it may be gone.")
    second_factor.forget_needless_codes(tx, account.id)
    note(tx, by, "remove_passkey", f"account:{account.name}", {"passkey": label})


def ask_for_any(tx: Session, place: Place, account_id: int | None = None) -> Asked:
    """What a device needs to sign with a passkey: any that it has for this address, or one of an account."""
    challenge = secrets.token_bytes(32)
    known = tx.scalars(select(Passkey.credential_id).where(Passkey.account_id == account_id)).all() if account_id is not None else ()
    options = generate_authentication_options(
        rp_id=_host(place),
        challenge=challenge,
        allow_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
        user_verification=_ASKED,
    )
    return Asked(options_to_json_dict(options), _remember(tx, challenge, None))


def prove(tx: Session, asked: tuple[Place, str], credential: dict[str, Any]) -> UserAccount:
    """Whose passkey has signed what this browser was asked for. Raises Invalid, with one sentence for whatever is wrong."""
    place, browser = asked
    challenge = _take(tx, browser, None)
    found = tx.execute(
        select(Passkey, UserAccount)
        .join(UserAccount, UserAccount.id == Passkey.account_id)
        .where(Passkey.credential_id == _id_of(credential), UserAccount.active, ~UserAccount.machine)
    ).first()
    if found is None:
        raise _refused("That passkey is not known here.")
    passkey, account = found
    try:
        used = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=_host(place),
            expected_origin=place.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise _refused("The passkey did not sign what it was asked for.") from None
    still = update(Passkey).where(Passkey.id == passkey.id, Passkey.sign_count == passkey.sign_count)
    if not tx.execute(still.values(sign_count=used.new_sign_count, last_used_at=func.now()).returning(Passkey.id)).first():
        raise _refused("The passkey was used or taken away at the same moment.")
    return account


def _remember(tx: Session, challenge: bytes, account_id: int | None) -> str:
    browser = new_secret()
    tx.add(
        PasskeyChallenge(browser_hash=hash_of(browser), challenge=challenge, account_id=account_id, expires_at=func.now() + _PATIENCE),
    )
    tx.flush()
    return browser


def _take(tx: Session, browser: str, account_id: int | None) -> bytes:
    """What this browser was asked to sign, which is over with it. Raises Invalid."""
    own = delete(PasskeyChallenge).where(PasskeyChallenge.browser_hash == hash_of(browser), PasskeyChallenge.expires_at > func.now())
    whose = PasskeyChallenge.account_id.is_(None) if account_id is None else PasskeyChallenge.account_id == account_id
    challenge = tx.scalar(own.where(whose).returning(PasskeyChallenge.challenge))
    if challenge is None:
        raise _refused("This browser was asked for no passkey, or it took more than five minutes.")
    return bytes(challenge)


def _id_of(credential: dict[str, Any]) -> bytes:
    given = credential.get("id")
    if not isinstance(given, str) or not given or len(given) > _LONGEST_ID:
        raise _refused("What was sent is no passkey.")
    try:
        return base64url_to_bytes(given)
    except ValueError:
        raise _refused("What was sent is no passkey.") from None


def _label(label: str) -> str:
    kept = " ".join(label.split())
    if not kept or len(kept) > _LONGEST_LABEL or not kept.isprintable():
        raise Invalid(
            "The passkey needs a name.",
            code="passkey_invalid",
            next_step="Say by which you will know it, such as: telephone.",
            errors={"label": [f"has 1 to {_LONGEST_LABEL} characters"]},
        )
    return kept


def _host(place: Place) -> str:
    """The name that passkeys are bound to. Raises Invalid for an address of numbers, to which browsers bind none."""
    if not place.host or place.host.replace(".", "").isdigit() or place.host.startswith("["):
        raise Invalid(
            "A passkey is bound to the name of a site, and this address has none.",
            code="passkey_place",
            next_step="Open the site by its name: https://… or http://localhost.",
        )
    return place.host


def _refused(why: str) -> Invalid:
    return Invalid(
        why, code="passkey_refused", next_step="Try again, or sign in with your password and a code.", errors={"credential": [why]}
    )
