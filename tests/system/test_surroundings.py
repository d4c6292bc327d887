"""What an installer meets before the product runs: each failure of the surroundings is one sentence with what to do, never a traceback."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from api.cli import main

ORDERCRAFT = Path(sys.executable).parent / "ordercraft"
SERVE, CHECK = ("serve",), ("check",)
NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


def said(words, tmp_path, **settings):
    """What the command says, in this process: each of its own would load for seconds."""
    inherited = {name: None for name in os.environ if name.startswith("ORDERCRAFT_") or name == "DATABASE_URL"}
    run = CliRunner().invoke(main, words, env={**inherited, "ORDERCRAFT_DATA": str(tmp_path / "data"), **settings})
    assert isinstance(run.exception, SystemExit), run.exception
    assert run.exit_code in {1, 2}, run.output
    return " ".join(run.stderr.split())


@pytest.mark.parametrize(
    ("words", "settings", "sentence"),
    [
        (CHECK, {"DATABASE_URL": NOWHERE}, "The database cannot be reached"),
        (SERVE, {"ORDERCRAFT_HOST": "192.0.2.1"}, "The address is none of this machine"),
    ],
)
def test_a_process_of_its_own_ends_with_the_sentence_and_no_traceback(tmp_path, words, settings, sentence):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ORDERCRAFT_") and name != "DATABASE_URL"}
    environment = {**inherited, "ORDERCRAFT_DATA": str(tmp_path / "data"), **settings}
    run = subprocess.run([ORDERCRAFT, *words], env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 1
    assert sentence in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("words", "settings", "sentence", "advice"),
    [
        (CHECK, {"DATABASE_URL": NOWHERE}, "The database cannot be reached", "Start the server, or correct DATABASE_URL"),
        (CHECK, {"DATABASE_URL": "postgresql://nobody@no.such.host.invalid/none"}, "cannot be reached", "correct DATABASE_URL"),
        (CHECK, {"DATABASE_URL": "postgresql://u:p@:notaport/x"}, "DATABASE_URL cannot be read", "Write postgresql://"),
        (CHECK, {"DATABASE_URL": "certainly not a url"}, "DATABASE_URL cannot be read", "Write postgresql://"),
        (CHECK, {"DATABASE_URL": "mysql://root@localhost/shop"}, "DATABASE_URL", "Use a PostgreSQL 15 or newer"),
        (CHECK, {"DATABASE_URL": "sqlite:///shop.db"}, "DATABASE_URL", "Use a PostgreSQL 15 or newer"),
        (SERVE, {"ORDERCRAFT_PORT": "70000"}, "ORDERCRAFT_PORT is 70000, which is no port", "Correct ORDERCRAFT_PORT"),
        (SERVE, {"ORDERCRAFT_PORT": "http"}, "ORDERCRAFT_PORT is 'http', which is no whole number", "Correct ORDERCRAFT_PORT"),
        (SERVE, {"ORDERCRAFT_PORT": "-1"}, "must be above zero", "Correct ORDERCRAFT_PORT"),
        (SERVE, {"ORDERCRAFT_LOG_LEVEL": "loud"}, "ORDERCRAFT_LOG_LEVEL is 'loud', which is no level", "Correct ORDERCRAFT_LOG_LEVEL"),
        (SERVE, {"ORDERCRAFT_QUEUE": "rabbit"}, "ORDERCRAFT_QUEUE is 'rabbit', which is no queue", "Correct ORDERCRAFT_QUEUE"),
        (SERVE, {"ORDERCRAFT_WEB_THREADS": "100000"}, "more threads than one process should have", "Correct ORDERCRAFT_WEB_THREADS"),
        (SERVE, {"ORDERCRAFT_HOST": "192.0.2.1"}, "The address is none of this machine", "Set ORDERCRAFT_HOST"),
        (SERVE, {"ORDERCRAFT_HOST": "no.such.host.invalid"}, "which is no address", "Set ORDERCRAFT_HOST"),
        (SERVE, {"ORDERCRAFT_TIMEZONE": "UTC"}, "Unknown settings: ORDERCRAFT_TIMEZONE", "Known settings"),
        (SERVE, {"ORDERCRAFT_TIME_ZONE": "Mars/Olympus"}, "ORDERCRAFT_TIME_ZONE is 'Mars/Olympus'", "Europe/Vienna"),
        (CHECK, {"ORDERCRAFT_DATA": "/proc/no-such-place"}, "no-such-place", "ORDERCRAFT_DATA"),
        (CHECK, {"ORDERCRAFT_DATA": "/dev/null/below"}, "/dev/null", "ORDERCRAFT_DATA"),
        (("deploy", "/no/such/folder"), {}, "/no/such/folder", ""),
    ],
)
def test_a_failure_of_the_surroundings_is_a_sentence_with_what_to_do(tmp_path, words, settings, sentence, advice):
    told = said(words, tmp_path, **settings)
    assert sentence in told
    assert advice in told


def test_a_data_directory_that_is_a_file_is_named(tmp_path):
    (tmp_path / "data").write_text("a file")
    assert "ORDERCRAFT_DATA" in said(CHECK, tmp_path)


def test_a_port_that_is_taken_is_named_before_anything_is_begun(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert f"Port {port} is taken" in said(SERVE, tmp_path, ORDERCRAFT_PORT=port)
    assert not (tmp_path / "data").exists()


def test_tables_of_a_newer_program_are_left_alone(tmp_path, own_database):
    with own_database.transaction() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    told = said(CHECK, tmp_path, DATABASE_URL=own_database.libpq_url)
    assert "of a version that this program does not know" in told
    assert "Run the newer release" in told


def test_a_database_that_does_not_exist_is_named(tmp_path, own_database):
    told = said(CHECK, tmp_path, DATABASE_URL=own_database.libpq_url.replace("ordercraft_test", "nowhere_to_be_found"))
    assert "does not exist" in told
    assert "Create the database" in told
