from datetime import timedelta

import pytest
from sqlalchemy import select, text

from api.auth.accounts import (
    NewAccount,
    NewToken,
    add_account,
    add_token,
    check_password,
    person_of_session,
    person_of_token,
    sign_in,
    sign_out,
)
from api.auth.model import ApiToken, SignIn, UserAccount
from api.auth.roles import Role
from api.errors import Unauthenticated
from engine.problems import Conflict, Invalid

PASSWORD = "orchid-lantern-42"


@pytest.fixture
def alice(database):
    with database.transaction() as tx:
        add_account(tx, NewAccount("alice", "Alice Arden", ("credit",), password=PASSWORD))


def test_the_right_password_opens_a_session_with_the_roles_of_ones_groups(database, alice):
    with database.transaction() as tx:
        made = sign_in(tx, check_password(tx, "alice", PASSWORD), timedelta(hours=1))
        person, csrf = person_of_session(tx, made.token)
    assert person.name == "alice"
    assert person.groups == {"credit"}
    assert person.roles == {Role.READ, Role.WORK}
    assert csrf == made.csrf_token


def test_neither_password_nor_session_token_is_stored(database, alice):
    with database.transaction() as tx:
        made = sign_in(tx, check_password(tx, "alice", PASSWORD), timedelta(hours=1))
        assert tx.scalar(select(SignIn.token_hash)) != made.token
        assert tx.scalar(select(UserAccount.password_hash)).startswith("$argon2id$")


def test_five_wrong_passwords_lock_the_account_even_for_the_right_one(database, alice):
    for _ in range(5):
        with database.transaction() as tx:
            assert check_password(tx, "alice", "open-sesame-please") is None
    with database.transaction() as tx:
        assert check_password(tx, "alice", PASSWORD) is None
        tx.execute(text("UPDATE user_account SET locked_until = now() - interval '1 second'"))
    with database.transaction() as tx:
        assert check_password(tx, "alice", PASSWORD).name == "alice"


def test_nobody_is_told_whether_a_name_exists(database, alice):
    with database.transaction() as tx:
        assert check_password(tx, "mallory", PASSWORD) is None


def test_a_session_ends_by_signing_out_and_by_time(database, alice):
    with database.transaction() as tx:
        account = tx.scalar(select(UserAccount))
        first, second = (sign_in(tx, account, timedelta(hours=1)) for _ in range(2))
        sign_out(tx, first.token)
        assert person_of_session(tx, first.token) is None
        tx.execute(text("UPDATE sign_in SET expires_at = now() - interval '1 second'"))
        assert person_of_session(tx, second.token) is None


def test_a_token_has_only_the_roles_it_was_given_and_its_owner_has(database, alice):
    with database.transaction() as tx:
        account = tx.scalar(select(UserAccount))
        token = add_token(tx, account, NewToken("shop", (Role.READ, Role.OPERATE), timedelta(days=1)))
        assert person_of_token(tx, token).roles == {Role.READ}
        assert tx.scalar(select(ApiToken.token_hash)) != token


def test_an_expired_token_is_refused(database, alice):
    with database.transaction() as tx:
        token = add_token(tx, tx.scalar(select(UserAccount)), NewToken("shop", (Role.READ,), timedelta(days=-1)))
        with pytest.raises(Unauthenticated):
            person_of_token(tx, token)


def test_a_short_password_an_unknown_group_and_a_taken_name_are_refused(database, alice):
    with database.transaction() as tx:
        with pytest.raises(Invalid, match="11 characters"):
            add_account(tx, NewAccount("bob", "Bob Birch", (), password="x" * 11))
        with pytest.raises(Invalid, match="wizards"):
            add_account(tx, NewAccount("bob", "Bob Birch", ("wizards",)))
        with pytest.raises(Conflict, match="alice"):
            add_account(tx, NewAccount("alice", "Another Alice", ()))


def test_a_token_that_could_do_nothing_is_refused(database, alice):
    with database.transaction() as tx, pytest.raises(Invalid, match="alice has no role of operate"):
        add_token(tx, tx.scalar(select(UserAccount)), NewToken("shop", (Role.OPERATE,), timedelta(days=1)))
