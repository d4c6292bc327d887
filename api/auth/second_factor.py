"""The second factor: codes of an authenticator app (RFC 6238), and ten recovery codes for the day on which it is lost.

A code serves once: the step of the last one used is kept. One step before and after the present one is taken too, for clocks differ.
"""

import base64
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

import pyotp
import segno
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api.auth import pauses
from api.auth.accounts import company_name
from api.auth.hashes import hash_of
from api.auth.model import Passkey, RecoveryCode, SecondFactor, UserAccount
from api.auth.sealing import ring
from engine.problems import Conflict, Invalid
from engine.store.unit_of_work import Database
from handlers.changes import Author, note
from handlers.sealing import KeyMissing

RECOVERY_CODES = 10
_STEP_SECONDS = 30
_GUESSES = 5
_CODE = re.compile(r"[0-9]{6}")
_SPACES = re.compile(r"[\s-]+")
_NOW = text("SELECT CAST(extract(epoch FROM clock_timestamp()) AS bigint)")


@dataclass(frozen=True, slots=True)
class State:
    """Whether an account has an authenticator app, since when, how many passkeys, and how many recovery codes are left."""

    enrolled: bool
    since: datetime | None
    recovery_codes: int
    passkeys: int

    @property
    def asked_for(self) -> bool:
        """Whether a password alone lets nobody in."""
        return self.enrolled or self.passkeys > 0


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app is told: the secret, and the address that holds it, for a QR code."""

    secret: str
    address: str


def state_of(tx: Session, account_id: int) -> State:
    """The second factors of an account."""
    since = tx.scalar(select(SecondFactor.confirmed_at).where(SecondFactor.account_id == account_id))
    left = tx.scalar(select(func.count()).select_from(RecoveryCode).where(RecoveryCode.account_id == account_id)) or 0
    passkeys = tx.scalar(select(func.count()).select_from(Passkey).where(Passkey.account_id == account_id)) or 0
    return State(since is not None, since, left, passkeys)


def begin(tx: Session, account: UserAccount) -> Enrolment:
    """Make a secret for an authenticator app; it counts once a code of it was right. Raises Conflict when there is one already."""
    if state_of(tx, account.id).enrolled:
        raise Conflict("There is a second factor already.", code="second_factor_exists", next_step="Take the present one away first.")
    secret = pyotp.random_base32()
    begun = {"secret": ring().seal(secret), "begun_at": func.now(), "confirmed_at": None, "last_step": 0}
    statement = insert(SecondFactor).values(account_id=account.id, **begun)
    tx.execute(statement.on_conflict_do_update(index_elements=[SecondFactor.account_id], set_=begun))
    return Enrolment(secret, address_of(tx, account.name, secret))


def begun(tx: Session, account_id: int, name: str) -> Enrolment | None:
    """The secret of an enrolment that waits for its first code; None where none does."""
    waiting = select(SecondFactor.secret).where(SecondFactor.account_id == account_id, SecondFactor.confirmed_at.is_(None))
    kept = tx.scalar(waiting)
    if kept is None:
        return None
    secret = _opened(kept)
    return Enrolment(secret, address_of(tx, name, secret))


def address_of(tx: Session, name: str, secret: str) -> str:
    """What the QR code says."""
    company = company_name(tx)
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=f"Ordercraft {company}".strip())


def qr_of(address: str) -> str:
    """The QR code of an address, as an image that a page can hold."""
    return segno.make(address, error="m").svg_data_uri(scale=5, border=3, light="#ffffff")


def confirm(database: Database, account_id: int, code: str, by: Author) -> list[str]:
    """Let the second factor count, because a code of it is right; answers the recovery codes, which are told this once.

    Raises Conflict where no enrolment was begun, Invalid for a wrong code, TooOften after some of them.
    """

    def act(tx: Session) -> list[str] | None:
        pauses.count_attempt(tx, _keys(account_id))
        waiting = select(SecondFactor.secret).where(SecondFactor.account_id == account_id, SecondFactor.confirmed_at.is_(None))
        kept = tx.scalar(waiting)
        if kept is None:
            raise Conflict("No second factor was begun.", code="second_factor_none", next_step="Load the page and begin again.")
        step = _step_of(tx, kept, code, 0)
        if step is None:
            return None
        pauses.forgive(tx, _keys(account_id))
        still = update(SecondFactor).where(SecondFactor.account_id == account_id, SecondFactor.confirmed_at.is_(None))
        if not tx.execute(still.values(confirmed_at=func.now(), last_step=step).returning(SecondFactor.account_id)).first():
            return None
        note(tx, by, "add_second_factor", f"account:{_name(tx, account_id)}", {})
        return _make_recovery_codes(tx, account_id)

    codes = database.run(act)
    if codes is None:
        raise wrong_code()
    return codes


def prove(database: Database, account_id: int, code: str) -> str | None:
    """By what a code proves who it is, `code` or `recovery code`; None when it is wrong or was used. Raises TooOften after some of them."""

    def act(tx: Session) -> str | None:
        pauses.count_attempt(tx, _keys(account_id))
        how = _use_code(tx, account_id, code)
        if how:
            pauses.forgive(tx, _keys(account_id))
        return how

    return database.run(act)


def renew_recovery_codes(database: Database, account_id: int, code: str, by: Author) -> list[str]:
    """Ten new recovery codes; the old ones are worth nothing. Raises Invalid for a wrong code, TooOften after some of them."""
    if prove(database, account_id, code) is None:
        raise wrong_code()

    def act(tx: Session) -> list[str]:
        note(tx, by, "make_recovery_codes", f"account:{_name(tx, account_id)}", {})
        return _make_recovery_codes(tx, account_id)

    return database.run(act)


def remove_own(database: Database, account_id: int, code: str, by: Author) -> None:
    """Take one's second factor away, by a code of it. Raises Invalid for a wrong code, TooOften after some of them."""
    if prove(database, account_id, code) is None:
        raise wrong_code()
    database.run(lambda tx: remove(tx, account_id, by))


def remove(tx: Session, account_id: int, by: Author) -> None:
    """Take the second factor of an account away, such as that of a lost telephone. Raises Conflict where there is none."""
    gone = delete(SecondFactor).where(SecondFactor.account_id == account_id).returning(SecondFactor.confirmed_at)
    if not [each for each in tx.scalars(gone) if each]:
        raise Conflict("There is no second factor.", code="second_factor_none", next_step="Nothing is left to do.")
    forget_needless_codes(tx, account_id)
    note(tx, by, "remove_second_factor", f"account:{_name(tx, account_id)}", {})


def remove_all(tx: Session, account_id: int, by: Author) -> None:
    """Take every second factor of an account away: authenticator, passkeys, recovery codes, as of a lost telephone. Raises Conflict."""
    passkeys = tx.scalars(delete(Passkey).where(Passkey.account_id == account_id).returning(Passkey.label)).all()
    for label in passkeys:
        note(tx, by, "remove_passkey", f"account:{_name(tx, account_id)}", {"passkey": label})
    if not passkeys or state_of(tx, account_id).enrolled:
        remove(tx, account_id, by)
    forget_needless_codes(tx, account_id)


def forget_needless_codes(tx: Session, account_id: int) -> None:
    """Recovery codes stand for what is lost; where nothing is asked for beside the password they stand for nothing."""
    if not state_of(tx, account_id).asked_for:
        tx.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))


def first_recovery_codes(tx: Session, account_id: int) -> list[str]:
    """Ten recovery codes where there are none yet, to be told once; nothing where there are some."""
    return [] if state_of(tx, account_id).recovery_codes else _make_recovery_codes(tx, account_id)


def wrong_code() -> Invalid:
    """A code that proves nothing."""
    return Invalid(
        "The code is wrong or was used already.",
        code="code_wrong",
        next_step="Enter the code that your authenticator shows now.",
        errors={"code": ["is wrong or was used already"]},
    )


def _use_code(tx: Session, account_id: int, code: str) -> str | None:
    typed = _SPACES.sub("", code)
    found = tx.execute(select(SecondFactor).where(SecondFactor.account_id == account_id, SecondFactor.confirmed_at.is_not(None)))
    factor = found.scalar_one_or_none()
    step = _step_of(tx, factor.secret, typed, factor.last_step) if factor else None
    if step is not None:
        used = update(SecondFactor).where(SecondFactor.account_id == account_id, SecondFactor.last_step < step)
        return "code" if tx.execute(used.values(last_step=step).returning(SecondFactor.account_id)).first() else None
    spent = delete(RecoveryCode).where(RecoveryCode.account_id == account_id, RecoveryCode.code_hash == _recovery_hash(account_id, typed))
    return "recovery code" if tx.execute(spent.returning(RecoveryCode.account_id)).first() else None


def _step_of(tx: Session, kept: str, code: str, last_step: int) -> int | None:
    """The step whose code it is, if it is later than the last one used. By the time of the database, which all servers share."""
    typed = _SPACES.sub("", code)
    if not _CODE.fullmatch(typed):
        return None
    now = int(tx.execute(_NOW).scalar_one()) // _STEP_SECONDS
    totp = pyotp.TOTP(_opened(kept))
    steps = [step for step in (now - 1, now, now + 1) if compare_digest(totp.at(step * _STEP_SECONDS), typed) and step > last_step]
    return steps[0] if steps else None


def _opened(kept: str) -> str:
    """The secret of an authenticator. Raises KeyMissing, which says what else serves, where its key is gone."""
    try:
        return ring().open(kept)
    except KeyMissing as missing:
        raise KeyMissing(
            missing.detail,
            code=missing.code,
            next_step="Use a recovery code, or ask an administrator to take the second factor away.",
            errors={"code": ["cannot be checked: use a recovery code"]},
        ) from None


def _make_recovery_codes(tx: Session, account_id: int) -> list[str]:
    tx.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    codes = [base64.b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(RECOVERY_CODES)]
    tx.add_all(RecoveryCode(code_hash=_recovery_hash(account_id, code), account_id=account_id) for code in codes)
    tx.flush()
    return ["-".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in codes]


def _recovery_hash(account_id: int, code: str) -> str:
    return hash_of(f"{account_id} {code.lower()}")


def _keys(account_id: int) -> pauses.Keys:
    return {f"code of {account_id}": _GUESSES}


def _name(tx: Session, account_id: int) -> str:
    return tx.scalars(select(UserAccount.name).where(UserAccount.id == account_id)).one()
