"""Accounts, sessions, tokens, links and the pauses of who guesses, on the database."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from api.auth import links, passwords, pauses, sessions
from api.auth.accounts import NewAccount, add_account, change_account, deactivate, reactivate
from api.auth.model import ApiToken, OneTimeLink, SignIn, UserAccount
from api.auth.own import Change, change_password
from api.auth.reading import AccountFilter, list_accounts, read_account
from api.auth.roles import Role
from api.auth.sessions import Terms, Visitor, end_session, list_sessions, person_of_session, sign_out
from api.auth.signing_in import Attempt, sign_in_by_password
from api.auth.tokens import NewToken, add_token, list_tokens, person_of_token, revoke_token
from api.errors import Busy, TooOften, Unauthenticated
from engine.problems import Conflict, Invalid, NotFound
from engine.runtime.state.audit import first_broken
from engine.store.paging import Asked
from handlers.changes import Author

PASSWORD, BETTER = "orchid-lantern-42", "walnut-ferry-cobalt-9"
LASTS = Terms(timedelta(hours=1), timedelta(hours=8))
HOME, CAFE = Visitor("192.0.2.7", "Firefox"), Visitor("198.51.100.9", "curl")
ROOT = Author("root", "as asked")


@pytest.fixture
def alice(database):
    """Alice of the credit desk, and Root who keeps accounts."""
    with database.transaction() as tx:
        add_account(tx, NewAccount("root", "Root Rowan", ("admin",)))
        return add_account(tx, NewAccount("alice", "Alice Arden", ("credit",), password=PASSWORD)).id


def enter(database, password=PASSWORD, name="alice", visitor=HOME, **more):
    return sign_in_by_password(database, Attempt(name, password, visitor, **more), LASTS)


def session_of(database, token):
    with database.transaction() as tx:
        return person_of_session(tx, token)


def acts(database, action):
    with database.transaction() as tx:
        assert first_broken(tx) is None
        return tx.execute(text("SELECT actor, target, detail FROM audit WHERE action = :action ORDER BY id"), {"action": action}).all()


def test_the_right_password_opens_a_session_with_the_roles_of_ones_groups(database, alice):
    made = enter(database)
    signed = session_of(database, made.credentials.token)
    person, csrf = signed.person, signed.csrf_token
    assert (person.name, person.groups, person.roles) == ("alice", {"credit"}, {Role.READ, Role.WORK, Role.SEE_CREDIT, Role.SEE_BOOKS})
    assert csrf == made.credentials.csrf_token
    assert acts(database, "sign_in") == [("alice", "account:alice", {"by": "password", "source": "192.0.2.7"})]


def test_neither_password_nor_session_token_is_stored(database, alice):
    token = enter(database).credentials.token
    with database.transaction() as tx:
        assert tx.scalar(select(SignIn.token_hash)) != token
        assert tx.scalar(select(UserAccount.password_hash).where(UserAccount.id == alice)).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize("typed", ["alice", " Alice", "ALICE", "\uff41lice"])
def test_a_user_name_is_the_same_however_it_is_typed(database, alice, typed):
    assert enter(database, name=typed).name == "alice"


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("аlice", "several scripts"),  # noqa: RUF001  # the first letter is Cyrillic
        ("al ice", "more than letters"),
        ("-alice", "begins with neither"),
        ("a" * 65, "65 characters"),
        ("", "is missing"),
        ("Ordercraft", "taken by the product"),
        ("\uff21LICE", "already"),
    ],
)
def test_a_name_that_looks_like_another_s_or_is_none_is_refused_beside_its_field(database, alice, name, wrong):
    with database.transaction() as tx, pytest.raises((Invalid, Conflict), match=wrong) as refused:
        add_account(tx, NewAccount(name, "Another Alice", ()))
    assert list(refused.value.errors) == ["name"]


def test_guesses_make_longer_and_longer_pauses_also_for_a_name_that_does_not_exist(database, alice):
    for name in ("alice", "mallory"):
        for _ in range(5):
            assert enter(database, "open-sesame-please", name) is None
        with pytest.raises(TooOften) as refused:
            enter(database, PASSWORD, name)
        assert 25 < refused.value.after <= 30
    with database.transaction() as tx:
        tx.execute(text("UPDATE sign_in_pause SET until = now() - interval '1 second' WHERE until IS NOT NULL"))
    assert enter(database, "open-sesame-please") is None
    with pytest.raises(TooOften) as refused:
        enter(database)
    assert 55 < refused.value.after <= 60


def test_the_log_tells_of_guesses_in_a_few_rows_and_never_what_was_typed(database, alice):
    for _ in range(8):
        with pytest.raises(TooOften) if _ > 4 else pytest.raises(AssertionError):
            assert enter(database, "open-sesame-please")
    enter(database, "my-real-password", "my-secret-typed-as-a-name", CAFE)
    told = acts(database, "sign_in_refused")
    assert [(actor, target) for actor, target, _ in told] == [("anonymous", "account:alice")] * 2 + [("anonymous", "account")]
    with database.transaction() as tx:
        kept = [tx.execute(text(f"SELECT string_agg(a::text, '') FROM {table} a")).scalar() for table in ("audit", "sign_in_pause")]
    assert not re.search("sesame|my-real|my-secret", "".join(kept))


def test_many_guesses_at_the_same_moment_are_many(database, alice):
    with database.transaction() as tx:
        keys = pauses.keys_of(tx, "alice", "192.0.2.7", "", None)
        for _ in range(5):
            pauses.count_attempt(tx, keys)
        with pytest.raises(TooOften):
            pauses.count_attempt(tx, keys)


def test_somebody_else_s_guesses_do_not_keep_the_owner_out_of_a_browser_that_is_known(database, alice):
    known = enter(database).browser
    with database.transaction() as tx:
        for source in range(30):
            pauses.count_attempt(tx, pauses.keys_of(tx, "alice", f"203.0.113.{source}", "", None))
    with pytest.raises(TooOften):
        enter(database)
    assert enter(database, browser=known).browser == known
    with pytest.raises(TooOften):
        enter(database, browser="not-a-known-browser")
    for _ in range(5):
        enter(database, "open-sesame-please", browser=known)
    with pytest.raises(TooOften):
        enter(database, browser=known)


def test_one_source_that_tries_many_names_is_paused_whatever_it_tries_next(database, alice):
    for number in range(60):
        with database.transaction() as tx:
            pauses.count_attempt(tx, pauses.keys_of(tx, f"user{number}", CAFE.source, "", None))
    with pytest.raises(TooOften):
        enter(database, visitor=CAFE)
    assert enter(database, visitor=HOME)


def test_whoever_comes_when_too_many_hash_is_told_so_at_once_and_not_counted(database, alice, monkeypatch):
    monkeypatch.setattr(passwords, "TURNS", passwords.Turns(at_once=1, waiting=0))
    with passwords.TURNS.turn(), pytest.raises(Busy) as refused:
        enter(database)
    assert refused.value.after == 2
    monkeypatch.setattr(passwords, "TURNS", passwords.Turns(at_once=1, waiting=1, patience=0.01))
    with passwords.TURNS.turn(), pytest.raises(Busy):
        enter(database)
    with database.transaction() as tx:
        assert tx.execute(text("SELECT count(*) FROM sign_in_pause")).scalar() == 0
    assert enter(database)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("x" * 11, "11 characters"),
        ("x" * 129, "129 characters"),
        ("password1234", "weak"),
        ("Alice.Arden.1", "made of your name"),
        ("Ordercraft2026", "made of your name"),
    ],
)
def test_a_password_that_is_guessed_soon_is_refused_beside_its_field(database, password, why):
    with database.transaction() as tx, pytest.raises(Invalid, match=why) as refused:
        add_account(tx, NewAccount("alice", "Alice Arden", (), password=password))
    assert list(refused.value.errors) == ["password"]


def test_a_session_ends_by_signing_out_and_by_time(database, alice):
    first, second = (enter(database).credentials.token for _ in range(2))
    with database.transaction() as tx:
        sign_out(tx, first)
    assert session_of(database, first) is None
    with database.transaction() as tx:
        tx.execute(text("UPDATE sign_in SET expires_at = now() - interval '1 second'"))
    assert session_of(database, second) is None


def test_a_session_that_is_used_goes_on_to_its_end_and_not_beyond_and_its_use_is_written_once_a_minute(database, alice):
    token = enter(database).credentials.token
    ages = text("UPDATE sign_in SET last_seen_at = last_seen_at - :ago, expires_at = expires_at - :ago, ends_at = ends_at - :ago")
    left = text("SELECT round(extract(epoch FROM expires_at - now()) / 60) FROM sign_in")

    def later(minutes):
        with database.transaction() as tx:
            tx.execute(ages, {"ago": timedelta(minutes=minutes)})
        found = session_of(database, token)
        with database.transaction() as tx:
            return found and tx.scalar(left)

    assert later(0.5) in {59, 60}  # not written: it was seen within the minute
    assert later(50) == 60
    for _ in range(7):
        later(55)
    assert later(30) < 15
    assert later(15) is None


def test_signing_in_over_a_session_ends_it(database, alice):
    first = enter(database).credentials.token
    second = enter(database, session=first).credentials.token
    assert session_of(database, first) is None
    assert session_of(database, second)


def test_sessions_are_listed_and_ended_one_by_one_and_nobody_ends_another_s(database, alice):
    mine, other = enter(database).credentials.token, enter(database, visitor=CAFE).credentials.token
    with database.transaction() as tx:
        latest, first = list_sessions(tx, "alice", Asked(), own_token=mine).rows
        assert (latest.source, latest.own, first.source, first.own) == ("198.51.100.9", False, "192.0.2.7", True)
        with pytest.raises(NotFound):
            end_session(tx, latest.id, Author("root"), of="root")
        end_session(tx, latest.id, Author("alice"), of="alice")
    assert session_of(database, other) is None
    assert session_of(database, mine)


def test_a_changed_password_ends_every_other_session_and_renews_this_one(database, alice):
    mine, other = enter(database).credentials.token, enter(database).credentials.token
    renewed = change_password(database, Change("alice", PASSWORD, BETTER, mine))
    assert [session_of(database, token) is None for token in (mine, other, renewed.token)] == [True, True, False]
    assert enter(database) is None
    assert enter(database, BETTER)
    assert acts(database, "set_password") == [("alice", "account:alice", {"sessions_ended": 1})]


def test_the_present_password_is_asked_for_and_guessing_it_pauses(database, alice):
    token = enter(database).credentials.token
    for _ in range(5):
        with pytest.raises(Invalid) as refused:
            change_password(database, Change("alice", "open-sesame-please", BETTER, token))
        assert refused.value.errors == {"old": ["is wrong"]}
    with pytest.raises(TooOften):
        change_password(database, Change("alice", PASSWORD, BETTER, token))


def test_a_link_lets_its_holder_choose_a_password_once_and_only_the_latest_counts(database, alice):
    session = enter(database).credentials.token
    with database.transaction() as tx:
        account = tx.get_one(UserAccount, alice)
        earlier, link = (links.make_link(tx, account, ROOT) for _ in range(2))
        assert link not in str(tx.execute(select(OneTimeLink.token_hash)).all())
    for worthless in (earlier, "made-up", "\0"):
        with pytest.raises(Invalid, match="unknown, was used already, or is over"):
            links.choose_password(database, worthless, BETTER)
    with pytest.raises(Invalid, match="your name"):
        links.choose_password(database, link, "Alice.Arden.2")
    assert links.choose_password(database, link, BETTER) == "alice"
    with pytest.raises(Invalid, match="was used already"):
        links.choose_password(database, link, PASSWORD)
    assert session_of(database, session) is None
    assert enter(database, BETTER)


def test_a_link_is_over_after_a_day(database, alice):
    with database.transaction() as tx:
        link = links.make_link(tx, tx.get_one(UserAccount, alice), ROOT)
        tx.execute(text("UPDATE one_time_link SET expires_at = now()"))
    with pytest.raises(Invalid, match="is over"):
        links.choose_password(database, link, BETTER)


def test_the_first_administrator_is_made_by_a_link_and_no_second_one(database):
    with database.transaction() as tx:
        earlier, link = (links.make_first_link(tx, Author("ordercraft")) for _ in range(2))
    with pytest.raises(Invalid, match="is over"):
        links.choose_password(database, earlier, PASSWORD, NewAccount("eve", "Eve", ("admin",)))
    with pytest.raises(Invalid) as refused:
        links.choose_password(database, link, PASSWORD)
    assert set(refused.value.errors) == {"name", "full_name"}
    assert links.choose_password(database, link, PASSWORD, NewAccount("Edith", "Edith Krone", ("admin",))) == "edith"
    assert Role.ADMINISTER in session_of(database, enter(database, name="edith").credentials.token).person.roles
    with database.transaction() as tx:
        assert links.make_first_link(tx, Author("ordercraft")) is None


def test_an_account_is_changed_by_field_and_the_change_counts_at_once(database, alice):
    token = enter(database).credentials.token
    with database.transaction() as tx:
        seen = read_account(tx, "alice").version
        changed = change_account(
            tx, "Alice", {"mail": "alice@example.com", "groups": ["operator", "credit"]}, Author("root", "promoted", seen)
        )
    assert changed["groups"] == {"from": ["credit"], "to": ["credit", "operator"]}
    assert Role.OPERATE in session_of(database, token).person.roles
    assert acts(database, "change")[0].detail["mail"] == {"from": "", "to": "alice@example.com"}
    with database.transaction() as tx, pytest.raises(Conflict, match="meanwhile"):
        change_account(tx, "alice", {"title": "Late"}, Author("root", "late", seen))


def test_every_wrong_field_is_named(database, alice):
    with database.transaction() as tx, pytest.raises(Invalid) as refused:
        change_account(tx, "alice", {"full_name": " ", "mail": "alice@", "groups": ["wizards"], "title": "x\u202ey"}, ROOT)
    assert set(refused.value.errors) == {"full_name", "mail", "groups", "title"}


def test_who_is_deactivated_is_out_at_once_and_comes_back_with_nothing_but_what_he_was(database, alice):
    session = enter(database).credentials.token
    with database.transaction() as tx:
        account = tx.get_one(UserAccount, alice)
        token = add_token(tx, account, NewToken("shop", (Role.READ,), timedelta(days=1)))
        link = links.make_link(tx, account, ROOT)
    with database.transaction() as tx:
        left = deactivate(tx, "alice", ROOT)
    assert (left.sessions, left.tokens, left.tasks) == (1, 1, 0)
    assert session_of(database, session) is None
    assert enter(database) is None
    for over in (token, "oc_unknown"):
        with database.transaction() as tx, pytest.raises(Unauthenticated):
            person_of_token(tx, over)
    with pytest.raises(Invalid):
        links.choose_password(database, link, BETTER)
    with database.transaction() as tx:
        with pytest.raises(Conflict, match="inactive"):
            deactivate(tx, "alice", ROOT)
        reactivate(tx, "alice", ROOT)
    assert enter(database)
    with database.transaction() as tx, pytest.raises(Unauthenticated):
        person_of_token(tx, token)


def test_nobody_takes_the_last_administrator_away_nor_themselves(database, alice):
    with database.transaction() as tx, pytest.raises(Conflict, match="Nobody would be left"):
        deactivate(tx, "root", Author("alice"))
    with database.transaction() as tx, pytest.raises(Conflict, match="Nobody would be left"):
        change_account(tx, "root", {"groups": ["credit"]}, ROOT)
    with database.transaction() as tx, pytest.raises(Conflict, match="their own account"):
        deactivate(tx, "root", ROOT)


def test_accounts_are_found_by_part_of_a_name_or_mail_by_group_and_state(database, alice):
    with database.transaction() as tx:
        change_account(tx, "alice", {"mail": "arden@example.com"}, ROOT)
        found = [
            [row.name for row in list_accounts(tx, wanted, Asked()).rows]
            for wanted in (
                AccountFilter(),
                AccountFilter("ARDEN@"),
                AccountFilter("row"),
                AccountFilter(group="credit"),
                AccountFilter(state="inactive"),
                AccountFilter("%"),
            )
        ]
        (row,) = list_accounts(tx, AccountFilter(group="credit"), Asked()).rows
    assert found == [["alice", "root"], ["alice"], ["root"], ["alice"], [], []]
    assert row.groups == ["credit"]


def test_a_token_has_only_the_roles_it_was_given_and_its_owner_has(database, alice):
    with database.transaction() as tx:
        token = add_token(tx, tx.get_one(UserAccount, alice), NewToken("shop", (Role.READ, Role.OPERATE), timedelta(days=1)))
        assert person_of_token(tx, token, "Alice").roles == {Role.READ}
        assert tx.scalar(select(ApiToken.token_hash)) != token
        (row,) = list_tokens(tx, "alice", Asked()).rows
    assert token not in str(row)
    assert row.last_used_at is not None


def test_an_expired_and_a_revoked_token_are_refused(database, alice):
    with database.transaction() as tx:
        account = tx.get_one(UserAccount, alice)
        expired = add_token(tx, account, NewToken("shop", (Role.READ,), timedelta(days=-1)))
        revoked = add_token(tx, account, NewToken("till", (Role.READ,), timedelta(days=1)), ROOT)
        number = list_tokens(tx, "alice", Asked()).rows[0].id
        with pytest.raises(NotFound):
            revoke_token(tx, number, ROOT, of="root")
        revoke_token(tx, number, ROOT)
        for token in (expired, revoked):
            with pytest.raises(Unauthenticated):
                person_of_token(tx, token)
        with pytest.raises(Conflict, match="revoked already"):
            revoke_token(tx, number, ROOT)
    assert [act.detail.get("label") for act in (*acts(database, "make_token"), *acts(database, "revoke_token"))] == ["till", "till"]


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewToken("shop", (Role.OPERATE,), timedelta(days=1)), "roles"),
        (NewToken("", (Role.READ,), timedelta(days=1)), "label"),
        (NewToken("shop", (Role.READ,), timedelta(days=367)), "days"),
    ],
)
def test_a_token_that_could_do_nothing_has_no_name_or_lives_too_long_is_refused_by_field(database, alice, new, field):
    with database.transaction() as tx, pytest.raises(Invalid) as refused:
        add_token(tx, tx.get_one(UserAccount, alice), new)
    assert list(refused.value.errors) == [field]


def test_a_machine_has_tokens_and_neither_password_nor_link(database, alice):
    with database.transaction() as tx:
        robot = add_account(tx, NewAccount("robot", "Label robot", ("external-worker",), machine=True))
        assert person_of_token(tx, add_token(tx, robot, NewToken("labels", (Role.SERVE,), timedelta(days=1)))).roles == {Role.SERVE}
        with pytest.raises(Conflict, match="machine"):
            links.make_link(tx, robot, ROOT)
        with pytest.raises(Invalid, match="machine"):
            add_account(tx, NewAccount("robot2", "Robot", (), machine=True, password=PASSWORD))


def test_what_is_over_is_forgotten_by_the_clock(database, alice):
    enter(database, "open-sesame-please")
    enter(database)
    with database.transaction() as tx:
        links.make_link(tx, tx.get_one(UserAccount, alice), ROOT)
        for table in ("sign_in", "one_time_link", "known_browser"):
            tx.execute(text(f"UPDATE {table} SET expires_at = now() - interval '1 second'"))
        tx.execute(text("UPDATE sign_in_pause SET failed_at = now() - interval '2 days'"))
        sessions.forget_what_is_over(tx)
        counts = "SELECT (SELECT count(*) FROM sign_in), (SELECT count(*) FROM one_time_link), (SELECT count(*) FROM known_browser)"
        assert tx.execute(text(f"{counts}, (SELECT count(*) FROM sign_in_pause)")).one() == (0, 0, 0, 0)
