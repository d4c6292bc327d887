"""Who am I, and what is mine: password, sessions, tokens. What gives rights is done in a session, never by a token."""

from datetime import datetime
from typing import Any

from flask import Response, g
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field, RootModel

from api.auth import passkeys, second_factor, sessions, tokens
from api.auth.accounts import account_named
from api.auth.own import Change, account_id_of, begin_second_factor, change_password, confirm
from api.auth.roles import Role
from api.errors import ProblemOut
from api.passkeys import brought_back, place, told
from api.product import product
from api.requests import answered, give_session, operation, own_session, person, transaction, waiting_operation
from api.v1.accounts import SessionOut, SessionPath, TokenIn, TokenMade, TokenOut, TokenPath, sessions_out, tokens_out
from api.v1.shapes import Done, Listing, Page, Shape
from handlers.changes import Author

api = APIBlueprint("me", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="me")])


class MeOut(Shape):
    """The person who asks. A browser sends `csrf_token` back as `X-CSRF-Token` with everything but GET."""

    name: str
    groups: list[str]
    roles: list[str]
    csrf_token: str


class PasswordIn(Shape):
    """The present password and the one to have from now on."""

    old: str = Field(max_length=1000)
    new: str = Field(max_length=1000)


class PasswordOnly(Shape):
    """The present password: a session that was left open is not enough."""

    password: str = Field(max_length=1000)


class ConfirmIn(PasswordOnly):
    """The present password and, where there is a second factor, a code of it."""

    code: str = Field("", max_length=100)


class CodeIn(Shape):
    """A code of the authenticator, or a recovery code."""

    code: str = Field(min_length=1, max_length=100)


class SecondFactorOut(Shape):
    """The second factors of an account: whether an authenticator is enrolled and since when, and how many passkeys and recovery codes."""

    enrolled: bool
    since: datetime | None
    recovery_codes: int
    passkeys: int


class EnrolmentOut(Shape):
    """What an authenticator app is told. `address` is for a QR code."""

    secret: str
    address: str


class RecoveryCodesOut(Shape):
    """Ten codes, each of which stands for the authenticator once. They are told here and never again."""

    recovery_codes: list[str]


class PasskeyOut(Shape):
    """A passkey; `synced` says that a service keeps it for several devices."""

    id: int
    label: str
    synced: bool
    added_at: datetime
    last_used_at: datetime | None


class PasskeysOut(Shape):
    """Your passkeys."""

    items: list[PasskeyOut]


class PasskeyIn(Shape):
    """A passkey that a device has made: the name by which you will know it, and what `navigator.credentials.create` gave, as JSON."""

    label: str = Field(min_length=1, max_length=100)
    credential: dict[str, Any]


class OptionsOut(RootModel[dict[str, Any]]):
    """What `navigator.credentials.create` takes as `publicKey`, as JSON."""


class PasskeyPath(BaseModel):
    """A passkey in the address."""

    passkey_id: int = Field(ge=1, le=2**62)


@api.get("/me", responses={200: MeOut})
@operation(Role.READ)
def me() -> MeOut:
    """Answer who is signed in, their groups and roles."""
    who = person()
    return MeOut(name=who.name, groups=sorted(who.groups), roles=sorted(who.roles), csrf_token=g.csrf_token)


@api.put("/me/password", responses={204: None, 429: ProblemOut})
@waiting_operation(Role.READ)
def set_password(body: PasswordIn) -> Response:
    """Choose another password: all other sessions end, and this one goes on under a new cookie."""
    renewed = change_password(product().database, Change(person().name, body.old, body.new, own_session()))
    answer = Response(status=204)
    give_session(answer, renewed)
    return answer


@api.put("/me/confirmation", responses={204: None, 429: ProblemOut})
@waiting_operation(Role.READ)
def confirm_who_one_is(body: ConfirmIn) -> Response:
    """Prove who you are once more, before what gives rights; the session goes on under a new cookie."""
    renewed = confirm(product().database, person().name, body.password, body.code, own_session())
    answer = Response(status=204)
    give_session(answer, renewed)
    return answer


@api.get("/me/second-factor", responses={200: SecondFactorOut})
@operation(Role.READ)
def get_second_factor() -> SecondFactorOut:
    """Answer whether you have a second factor, and how many recovery codes are left."""
    own_session()
    state = second_factor.state_of(transaction(), account_named(transaction(), person().name).id)
    return SecondFactorOut(enrolled=state.enrolled, since=state.since, recovery_codes=state.recovery_codes, passkeys=state.passkeys)


@api.put("/me/second-factor", responses={200: EnrolmentOut, 429: ProblemOut})
@waiting_operation(Role.READ)
def begin_own_second_factor(body: PasswordOnly) -> Response:
    """Make a secret for an authenticator app; it counts once a code of it was confirmed."""
    own_session()
    begun = begin_second_factor(product().database, person().name, body.password)
    return answered(EnrolmentOut(secret=begun.secret, address=begun.address))


@api.put("/me/second-factor/confirmation", responses={200: RecoveryCodesOut, 429: ProblemOut})
@waiting_operation(Role.READ)
def confirm_own_second_factor(body: CodeIn) -> Response:
    """Let the second factor count, by a code of it; answers the recovery codes, which are told this once."""
    own_session()
    by = Author(person().name)
    return answered(RecoveryCodesOut(recovery_codes=second_factor.confirm(product().database, _own_id(), body.code, by)))


@api.put("/me/second-factor/recovery-codes", responses={200: RecoveryCodesOut, 429: ProblemOut})
@waiting_operation(Role.READ)
def renew_own_recovery_codes(body: CodeIn) -> Response:
    """Make ten new recovery codes, by a code; the old ones are worth nothing."""
    own_session()
    by = Author(person().name)
    return answered(RecoveryCodesOut(recovery_codes=second_factor.renew_recovery_codes(product().database, _own_id(), body.code, by)))


@api.put("/me/second-factor/removal", responses={204: None, 429: ProblemOut})
@waiting_operation(Role.READ)
def remove_own_second_factor(body: CodeIn) -> Response:
    """Take your second factor away, by a code of it."""
    own_session()
    second_factor.remove_own(product().database, _own_id(), body.code, Author(person().name))
    return Response(status=204)


def _own_id() -> int:
    return account_id_of(product().database, person().name)


@api.get("/me/passkeys", responses={200: PasskeysOut})
@operation(Role.READ)
def list_own_passkeys() -> PasskeysOut:
    """List your passkeys, the oldest first."""
    own_session()
    account = account_named(transaction(), person().name)
    return PasskeysOut(items=[PasskeyOut.model_validate(each) for each in passkeys.list_passkeys(transaction(), account.id)])


@api.put("/me/passkeys/options", responses={200: OptionsOut})
@operation(Role.READ, proof=True)
def ask_for_own_passkey() -> Response:
    """Say what a device needs to make a passkey: what `navigator.credentials.create` takes. A cookie says for which browser it was."""
    own_session()
    return told(passkeys.ask_for_new(transaction(), account_named(transaction(), person().name), place()))


@api.put("/me/passkeys", responses={200: RecoveryCodesOut})
@operation(Role.READ, proof=True)
def add_own_passkey(body: PasskeyIn) -> RecoveryCodesOut:
    """Keep the passkey that a device has made; answers ten recovery codes where there were none, which are told this once."""
    own_session()
    account = account_named(transaction(), person().name)
    codes = passkeys.add(transaction(), account, brought_back(), body.label, body.credential)
    return RecoveryCodesOut(recovery_codes=codes)


@api.delete("/me/passkeys/<int:passkey_id>", responses={204: None})
@operation(Role.READ, proof=True)
def remove_own_passkey(path: PasskeyPath) -> tuple[None, int]:
    """Take one of your passkeys away, as of a lost device."""
    own_session()
    passkeys.remove(transaction(), account_named(transaction(), person().name), path.passkey_id, Author(person().name))
    return None, 204


@api.get("/me/sessions", responses={200: Page[SessionOut]})
@operation(Role.READ)
def list_own_sessions(query: Listing) -> Page[SessionOut]:
    """List your sessions, the latest first."""
    return sessions_out(sessions.list_sessions(transaction(), person().name, query.asked, own_token=own_session()))


@api.post("/me/sessions/<int:session_id>/end", responses={200: Done})
@operation(Role.READ)
def end_own_session(path: SessionPath) -> Done:
    """End one of your sessions."""
    own_session()
    sessions.end_session(transaction(), path.session_id, Author(person().name), person().name)
    return Done(id=str(path.session_id), state="ended")


@api.post("/me/sessions/end-others", responses={200: Done})
@operation(Role.READ)
def end_other_sessions() -> Done:
    """End all your sessions but this one."""
    account = account_named(transaction(), person().name)
    ended = sessions.end_all(transaction(), account, Author(person().name), but=own_session())
    return Done(id=account.name, state=f"{ended} ended")


@api.get("/me/tokens", responses={200: Page[TokenOut]})
@operation(Role.READ)
def list_own_tokens(query: Listing) -> Page[TokenOut]:
    """List your tokens, the latest first; their secrets are shown nowhere."""
    return tokens_out(tokens.list_tokens(transaction(), person().name, query.asked))


@api.post("/me/tokens", responses={201: TokenMade})
@operation(Role.READ, secret=True, proof=True)
def make_own_token(body: TokenIn) -> tuple[TokenMade, int]:
    """Make a token that may do some of what you may."""
    own_session()
    account = account_named(transaction(), person().name, lock=True)
    made = tokens.add_token(transaction(), account, body.new(), Author(person().name))
    return TokenMade(token=made, days=body.days), 201


@api.post("/me/tokens/<int:token_id>/revoke", responses={200: Done})
@operation(Role.READ)
def revoke_own_token(path: TokenPath) -> Done:
    """End one of your tokens."""
    own_session()
    tokens.revoke_token(transaction(), path.token_id, Author(person().name), person().name)
    return Done(id=str(path.token_id), state="revoked")
