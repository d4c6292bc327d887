"""Accounts, their groups, sessions, links and API tokens. Secrets are stored as hashes only."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql import UUID as UuidType  # noqa: N811  # the model's own type has the name
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base


class UserAccount(Base):
    """A person or a program that may sign in. It is never removed: what it did names it."""

    __tablename__ = "user_account"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    name_key: Mapped[str] = mapped_column(Text, unique=True)  # the name as it is looked for: NFKC, small letters
    full_name: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text, server_default=text("''"))
    mail: Mapped[str] = mapped_column(Text, server_default=text("''"))
    machine: Mapped[bool] = mapped_column(server_default=text("false"))  # a program: it has tokens and never a password
    password_hash: Mapped[str | None] = mapped_column(Text)  # argon2id; none for programs and demo personas
    password_changed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    last_sign_in_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("now()"))


class UserGroup(Base):
    """Membership of an account in a group."""

    __tablename__ = "user_group"

    account_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True)
    group_name: Mapped[str] = mapped_column(Text, primary_key=True, index=True)


class SignIn(Base):
    """A session kept on the server; the browser holds a random token, we hold its hash."""

    __tablename__ = "sign_in"

    token_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    csrf_token: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("now()"))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)  # unless it is used before
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))  # however much it is used
    last_seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("now()"))  # to the minute
    proved_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("now()"))  # who they are, last
    pending: Mapped[bool] = mapped_column(server_default=text("false"))  # the password was right, the second factor is still asked for
    how: Mapped[str] = mapped_column(Text, server_default=text("'password'"))  # password, persona, or the provider that said who it is
    source: Mapped[str] = mapped_column(Text, server_default=text("''"))
    browser: Mapped[str] = mapped_column(Text, server_default=text("''"))
    only_task: Mapped[UUID | None] = mapped_column(UuidType)  # begun by a link in a mail: it reaches that task and nothing else


class ApiToken(Base):
    """A bearer token of a program: hashed, scoped to roles, expiring. A revoked one stays in the list."""

    __tablename__ = "api_token"

    token_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    label: Mapped[str] = mapped_column(Text)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    topics: Mapped[list[str] | None] = mapped_column(ARRAY(Text))  # of external tasks; null is for all
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("now()"))
    made_by: Mapped[str] = mapped_column(Text, server_default=text("''"))
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # to the minute
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_by: Mapped[str | None] = mapped_column(Text)


class OneTimeLink(Base):
    """A link that lets its holder choose a password, once; one without an account makes the first administrator."""

    __tablename__ = "one_time_link"

    token_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    made_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("now()"))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


class KnownBrowser(Base):
    """A browser in which somebody has signed in before: guesses made elsewhere do not keep them out here."""

    __tablename__ = "known_browser"

    token_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


class SignInPause(Base):
    """Attempts to sign in that failed, by source, by account and by both. After `allowed` of them each next one makes a longer pause."""

    __tablename__ = "sign_in_pause"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    allowed: Mapped[int]
    failures: Mapped[int]
    failed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class SecondFactor(Base):
    """An authenticator app of an account (RFC 6238). Its codes are made of the secret, so it is kept sealed."""

    __tablename__ = "second_factor"

    account_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[str] = mapped_column(Text)
    begun_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("now()"))
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # null until a code was right: then it counts
    last_step: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))  # of the last code that was used: none serves twice


class RecoveryCode(Base):
    """A code that stands for a lost authenticator, once."""

    __tablename__ = "recovery_code"

    code_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)


class Passkey(Base):
    """A key of Web Authentication: the device keeps the private half and asks its owner for a finger, a face or a PIN before each use."""

    __tablename__ = "passkey"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger)  # a device that counts its uses shows by it that it was copied
    synced: Mapped[bool]  # kept by a service for several devices, and not by one alone
    label: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("now()"))
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class PasskeyChallenge(Base):
    """What a passkey is to sign, once, in the browser that asked; with an account it makes a new passkey of it."""

    __tablename__ = "passkey_challenge"

    browser_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    challenge: Mapped[bytes]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


class ExternalIdentity(Base):
    """Who a provider of OpenID Connect says somebody is: its name and the subject, never a mail address."""

    __tablename__ = "external_identity"

    issuer: Mapped[str] = mapped_column(Text, primary_key=True)
    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    linked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("now()"))


class GroupClaim(Base):
    """A group as the provider calls it, and a group of ours that its members are in."""

    __tablename__ = "group_claim"

    claim: Mapped[str] = mapped_column(Text, primary_key=True)
    group_name: Mapped[str] = mapped_column(Text, primary_key=True)


class SignOnAttempt(Base):
    """Somebody was sent to the provider: what the answer must hold, and the browser it must come back in."""

    __tablename__ = "sign_on_attempt"

    state_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    browser_hash: Mapped[str] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    next: Mapped[str] = mapped_column(Text)
    links_account_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


class RefusedAct(Base):
    """How often somebody was refused an operation within an hour."""

    __tablename__ = "refused_act"

    actor: Mapped[str] = mapped_column(Text, primary_key=True)
    status: Mapped[int] = mapped_column(primary_key=True)
    what: Mapped[str] = mapped_column(Text, primary_key=True)
    hour: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True, index=True)
    times: Mapped[int]


class IdempotencyKey(Base):
    """The answer given to a request key, written in the transaction of the request itself."""

    __tablename__ = "idempotency_key"

    account_name: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    request_hash: Mapped[str] = mapped_column(Text)
    status: Mapped[int | None]
    media_type: Mapped[str | None] = mapped_column(Text)
    body: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("now()"), index=True)
