"""Accounts as administrators keep them: add, change, deactivate, reactivate, a link to choose a password; their sessions and tokens."""

from datetime import datetime, timedelta
from typing import Literal

from flask import request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field, RootModel

from api.auth import accounts, identities, links, reading, second_factor, sessions, tokens
from api.auth.roles import Role
from api.requests import operation, person, transaction
from api.v1.shapes import ChangedOut, Done, Listing, Page, Shape, listed
from engine.store.paging import Page as Found
from handlers.changes import Author

api = APIBlueprint("accounts", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="accounts")])


class AccountPath(BaseModel):
    """An account in the address, by its user name."""

    name: str = Field(max_length=200)


class SessionPath(BaseModel):
    """A session in the address."""

    session_id: int = Field(ge=1, lt=2**63)


class TokenPath(BaseModel):
    """A token in the address."""

    token_id: int = Field(ge=1, lt=2**63)


class AccountQuery(Listing):
    """Which accounts to list; `search` finds them by name or mail."""

    search: str = Field("", max_length=200)
    group: str = Field("", max_length=100)
    state: Literal["", "active", "inactive"] = ""


class AccountIn(Shape):
    """An account to be added. A person chooses a password by a link; a machine has tokens only."""

    name: str = Field(min_length=1, max_length=200)
    full_name: str = Field(min_length=1, max_length=200)
    title: str = Field("", max_length=300)
    mail: str = Field("", max_length=254)
    groups: list[str] = Field(default_factory=list, max_length=100)
    machine: bool = False


class AccountChange(Shape):
    """What is to be changed; the rest stays."""

    full_name: str | None = Field(None, max_length=200)
    title: str | None = Field(None, max_length=300)
    mail: str | None = Field(None, max_length=254)
    groups: list[str] | None = Field(None, max_length=100)


class AccountPatch(Shape):
    """Fields of an account to change, why, and the `version` one saw: where somebody was faster, nothing changes (409)."""

    changes: AccountChange
    reason: str = Field("", max_length=2000)
    version: str | None = Field(None, max_length=64)


class Why(Shape):
    """Why; it goes to the audit log."""

    reason: str = Field(min_length=3, max_length=2000)


class LeftOut(Shape):
    """What ended with an account, and how many open tasks went back to their candidates."""

    id: str
    sessions: int
    tokens: int
    tasks: int


class LinkOut(Shape):
    """A link by which its holder chooses a password, once. It is shown here and never again."""

    link: str
    hours: int


class GroupClaimIn(Shape):
    """A group as the provider calls it, and a group of ours."""

    claim: str = Field(min_length=1, max_length=200)
    group: str = Field(min_length=1, max_length=100)


class GroupClaimsOut(Shape):
    """Every mapping."""

    items: list[GroupClaimIn]


class TokenIn(Shape):
    """A token to be made: what it is for, what it may do, for how long, and the topics it may serve (all where none is named)."""

    label: str = Field(min_length=1, max_length=100)
    roles: list[Role] = Field(min_length=1, max_length=len(Role))
    days: int = Field(90, ge=1, le=tokens.MOST_DAYS)
    topics: list[str] = Field(default_factory=list, max_length=100)

    def new(self) -> tokens.NewToken:
        """As the verb takes it."""
        return tokens.NewToken(self.label, tuple(self.roles), timedelta(days=self.days), tuple(self.topics))


class TokenMade(Shape):
    """A token. It is shown here and never again."""

    token: str
    days: int


class AccountOut(RootModel[reading.AccountDetail]):
    """One account."""


class TokenOut(BaseModel):
    """A token in a list; `id` names it and opens nothing. `topics` is null for all; `over` is revoked or expired."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    label: str
    roles: list[str]
    topics: list[str] | None
    created_at: datetime
    made_by: str
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None
    over: bool


class SessionOut(BaseModel):
    """A session in a list; `id` names it and opens nothing. `own` is the one that asks."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    source: str
    browser: str
    own: bool


@api.get("/accounts", responses={200: Page[reading.AccountRow]})
@operation(Role.ADMINISTER)
def list_accounts(query: AccountQuery) -> Page[reading.AccountRow]:
    """List accounts, by name."""
    wanted = reading.AccountFilter(query.search.strip(), query.group, query.state)
    return listed(reading.list_accounts(transaction(), wanted, query.asked))


@api.post("/accounts", responses={201: Done})
@operation(Role.ADMINISTER, proof=True)
def add_account(body: AccountIn) -> tuple[Done, int]:
    """Add an account."""
    new = accounts.NewAccount(**{**body.model_dump(), "groups": tuple(body.groups)})
    return Done(id=accounts.add_account(transaction(), new, _by()).name, state="added"), 201


@api.get("/accounts/<name>", responses={200: AccountOut})
@operation(Role.ADMINISTER)
def get_account(path: AccountPath) -> AccountOut:
    """Answer one account."""
    return AccountOut(reading.read_account(transaction(), path.name))


@api.patch("/accounts/<name>", responses={200: ChangedOut})
@operation(Role.ADMINISTER, proof=True)
def change_account(path: AccountPath, body: AccountPatch) -> ChangedOut:
    """Change an account: its name, title, mail or groups; they count from the next request on."""
    changes = {name: value for name, value in body.changes.model_dump(exclude_unset=True).items() if value is not None}
    changed = accounts.change_account(transaction(), path.name, changes, Author(person().name, body.reason, body.version))
    return ChangedOut(id=path.name, changed=changed)


@api.post("/accounts/<name>/deactivate", responses={200: LeftOut})
@operation(Role.ADMINISTER, proof=True)
def deactivate_account(path: AccountPath, body: Why) -> LeftOut:
    """Let nobody come in by an account: its sessions, tokens and links end, its open tasks go back to their candidates."""
    left = accounts.deactivate(transaction(), path.name, _by(body.reason))
    return LeftOut(id=path.name, sessions=left.sessions, tokens=left.tokens, tasks=left.tasks)


@api.post("/accounts/<name>/reactivate", responses={200: Done})
@operation(Role.ADMINISTER, proof=True)
def reactivate_account(path: AccountPath, body: Why) -> Done:
    """Let an account come in again; its tokens stay revoked."""
    accounts.reactivate(transaction(), path.name, _by(body.reason))
    return Done(id=path.name, state="active")


@api.post("/accounts/<name>/password-link", responses={201: LinkOut})
@operation(Role.ADMINISTER, secret=True, proof=True)
def make_password_link(path: AccountPath) -> tuple[LinkOut, int]:
    """Make a link by which the owner of an account chooses a password; an earlier one is worth nothing from now on."""
    secret = links.make_link(transaction(), accounts.account_named(transaction(), path.name, lock=True), _by())
    return LinkOut(link=links.address(request.host_url, secret), hours=links.HOURS), 201


@api.post("/accounts/<name>/second-factor/remove", responses={200: Done})
@operation(Role.ADMINISTER, proof=True)
def remove_second_factor(path: AccountPath, body: Why) -> Done:
    """Take the second factor of an account away, such as that of a lost telephone."""
    account = accounts.account_named(transaction(), path.name, lock=True)
    second_factor.remove_all(transaction(), account.id, _by(body.reason))
    return Done(id=account.name, state="removed")


@api.post("/accounts/<name>/identity/remove", responses={200: Done})
@operation(Role.ADMINISTER, proof=True)
def unlink_identity(path: AccountPath, body: Why) -> Done:
    """Let nobody sign in as an account by way of the provider of company accounts."""
    account = accounts.account_named(transaction(), path.name, lock=True)
    identities.unlink(transaction(), account, _by(body.reason))
    return Done(id=account.name, state="unlinked")


@api.get("/group-claims", responses={200: GroupClaimsOut})
@operation(Role.ADMINISTER)
def list_group_claims() -> GroupClaimsOut:
    """List which groups of the provider of company accounts are which of ours."""
    return GroupClaimsOut(items=[GroupClaimIn(claim=row.claim, group=row.group_name) for row in identities.list_claims(transaction())])


@api.post("/group-claims", responses={201: Done})
@operation(Role.ADMINISTER, proof=True)
def map_group_claim(body: GroupClaimIn) -> tuple[Done, int]:
    """Let the members of a group of the provider be in one of ours, from their next sign-in on."""
    identities.map_claim(transaction(), body.claim, body.group, _by())
    return Done(id=body.claim, state="mapped"), 201


@api.post("/group-claims/remove", responses={200: Done})
@operation(Role.ADMINISTER, proof=True)
def unmap_group_claim(body: GroupClaimIn) -> Done:
    """Undo a mapping; who is in the group by it stays until somebody takes them out."""
    identities.unmap_claim(transaction(), body.claim, body.group, _by())
    return Done(id=body.claim, state="removed")


@api.get("/accounts/<name>/sessions", responses={200: Page[SessionOut]})
@operation(Role.ADMINISTER)
def list_sessions(path: AccountPath, query: Listing) -> Page[SessionOut]:
    """List the sessions of an account, the latest first."""
    return sessions_out(sessions.list_sessions(transaction(), _name(path), query.asked))


@api.post("/accounts/<name>/sessions/end", responses={200: Done})
@operation(Role.ADMINISTER, proof=True)
def end_sessions(path: AccountPath, body: Why) -> Done:
    """End every session of an account."""
    account = accounts.account_named(transaction(), path.name)
    ended = sessions.end_all(transaction(), account, _by(body.reason))
    return Done(id=account.name, state=f"{ended} ended")


@api.post("/sessions/<int:session_id>/end", responses={200: Done})
@operation(Role.ADMINISTER, proof=True)
def end_session(path: SessionPath) -> Done:
    """End one session of anybody."""
    sessions.end_session(transaction(), path.session_id, _by())
    return Done(id=str(path.session_id), state="ended")


@api.get("/accounts/<name>/tokens", responses={200: Page[TokenOut]})
@operation(Role.ADMINISTER)
def list_tokens(path: AccountPath, query: Listing) -> Page[TokenOut]:
    """List the tokens of an account, the latest first; their secrets are shown nowhere."""
    return tokens_out(tokens.list_tokens(transaction(), _name(path), query.asked))


@api.post("/accounts/<name>/tokens", responses={201: TokenMade})
@operation(Role.ADMINISTER, secret=True, proof=True)
def make_token(path: AccountPath, body: TokenIn) -> tuple[TokenMade, int]:
    """Make a token for an account."""
    made = tokens.add_token(transaction(), accounts.account_named(transaction(), path.name, lock=True), body.new(), _by())
    return TokenMade(token=made, days=body.days), 201


@api.post("/tokens/<int:token_id>/revoke", responses={200: Done})
@operation(Role.ADMINISTER, proof=True)
def revoke_token(path: TokenPath) -> Done:
    """End a token of anybody."""
    tokens.revoke_token(transaction(), path.token_id, _by())
    return Done(id=str(path.token_id), state="revoked")


def sessions_out(found: Found[sessions.SessionRow]) -> Page[SessionOut]:
    """A page of sessions as the body of an answer."""
    shown = listed(found)
    return Page(items=[SessionOut.model_validate(row) for row in shown.items], next_cursor=shown.next_cursor)


def tokens_out(found: Found[tokens.TokenRow]) -> Page[TokenOut]:
    """A page of tokens as the body of an answer."""
    shown = listed(found)
    return Page(items=[TokenOut.model_validate(row) for row in shown.items], next_cursor=shown.next_cursor)


def _name(path: AccountPath) -> str:
    return accounts.account_named(transaction(), path.name).name


def _by(reason: str = "") -> Author:
    return Author(person().name, reason)
