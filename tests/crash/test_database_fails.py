"""What the database can do to us under a load of orders: afterwards nothing is lost, nothing is twice, and workers go on by themselves.

Only `make prove` tries them: each takes a minute. What `make test` does of it is `test_interrupted_runs.py` and the killed server.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Thread

import psycopg
import pytest

from api.schema import migrate
from engine.store.unit_of_work import Database
from tests.crash.postgres import Server, free_port
from tests.crash.storm import Storm
from tests.keeper import kept_directory

pytestmark = pytest.mark.skipif("ORDERCRAFT_PROVE_KILLS" not in os.environ, reason="make prove tries it: a minute each")
_MOUNT = shutil.which("mount")


class Address:
    """Where the database is reached, whichever server that is now: the address that a failover moves."""

    def __init__(self, port: int) -> None:
        self.target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                Thread(target=self._lead, args=(client,), daemon=True).start()

    def _lead(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(("127.0.0.1", self.target)) as server:
            back = Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server)
            back.join()

    def close(self) -> None:
        """Nobody is let in any more."""
        self._listener.close()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


class House:
    """The database, the address that leads to it, and the orders."""

    def __init__(self, server: Server, address: Address, storm: Storm) -> None:
        self.server, self.address, self.storm = server, address, storm

    def ask(self, statement: str, **options: object) -> None:
        """Do something to the server itself."""
        with psycopg.connect(f"{self.server.url}/postgres", autocommit=True, **options) as connection:  # type: ignore[arg-type]
            connection.execute(statement)

    def settle(self, seconds: float = 3.0) -> None:
        """Let the orders go on for a while."""
        time.sleep(seconds)


@contextmanager
def house(directory: Path | None = None, **environment: str) -> Iterator[House]:
    """A server with our schema, under a load of orders."""
    server = Server(f"primary-{free_port()}", directory)
    server.environment = environment
    server.make()
    server.start()
    address = Address(server.port)
    try:
        with psycopg.connect(f"{server.url}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE ordercraft")
        with closing(Database(f"postgresql://postgres@127.0.0.1:{address.port}/ordercraft")) as database:
            migrate(database)
            with Storm(database) as storm:
                yield House(server, address, storm)
    finally:
        address.close()
        server.remove()


@pytest.fixture
def moved_clock() -> tuple[dict[str, str], Callable[[str], None]]:
    """The environment of a server whose clock is not the machine's, and what moves it: `+2h` is two hours ahead."""
    faketime = pytest.importorskip("libfaketime", reason="libfaketime is not installed: pip install libfaketime, which needs a compiler")
    place = kept_directory() / "clock"
    place.mkdir(mode=0o755)
    library, offset = place / "libfaketime.so.1", place / "offset"
    shutil.copy(Path(faketime.__file__).parent / "vendor" / "libfaketime" / "src" / "libfaketime.so.1", library)

    def move(by: str) -> None:
        new = place / "new"
        new.write_text(f"{by}\n")
        new.replace(offset)

    move("+0s")
    told = {"FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_CACHE_DURATION": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    return {"LD_PRELOAD": str(library), **told}, move


def crashes(ours: House) -> None:
    """The server crashes three times, and comes back after a second."""
    for _ in range(3):
        ours.settle()
        ours.server.stop("immediate")
        time.sleep(1)
        ours.server.start()


def is_lost_and_its_standby_takes_over(ours: House) -> None:
    """The primary is lost for good; the standby, which has every commit, is promoted and gets the address."""
    standby = Server(f"standby-{free_port()}")
    standby.follow(ours.server)
    ours.settle(6)
    ours.server.stop("immediate")
    standby.control("promote", "-w")
    standby.configure(synchronous_standby_names="")
    ours.server.remove()
    ours.server, ours.address.target = standby, standby.port
    ours.settle(6)


def ends_connections(ours: House) -> None:
    """Fifty connections are ended, at whatever they were."""
    for _ in range(50):
        time.sleep(ours.storm.chance.uniform(0.05, 0.4))
        ours.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'ordercraft' AND backend_type = 'client backend' "
            "ORDER BY state <> 'active', random() LIMIT 1"
        )


def is_read_only_for_a_while(ours: House) -> None:
    """Nothing can be written for three seconds, as on a standby to which an address has moved too early."""
    for turn in ("on", "off"):
        ours.settle()
        ours.ask(f"ALTER SYSTEM SET default_transaction_read_only = {turn}", options="-c default_transaction_read_only=off")
        ours.ask("SELECT pg_reload_conf()")


def locks_everybody_out(ours: House) -> None:
    """Somebody locks the instances for longer than a lease."""
    ours.settle()
    with psycopg.connect(f"{ours.server.url}/ordercraft") as connection:
        connection.execute("LOCK TABLE instance IN ACCESS EXCLUSIVE MODE")
        time.sleep(8)
    ours.settle()


def freezes_a_worker(ours: House) -> None:
    """A worker stands still for a minute, and then goes on with what others have taken over long since."""
    ours.settle()
    os.kill(ours.storm.workers[0].pid, signal.SIGSTOP)
    time.sleep(60)
    os.kill(ours.storm.workers[0].pid, signal.SIGCONT)
    ours.settle()


FAILURES: tuple[Callable[[House], None], ...] = (
    crashes,
    is_lost_and_its_standby_takes_over,
    ends_connections,
    is_read_only_for_a_while,
    locks_everybody_out,
    freezes_a_worker,
)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.__name__)
def test_orders_come_to_their_end_although_the_database(failure):
    with house() as ours:
        failure(ours)
        ours.storm.come_to_an_end()
        ours.storm.nothing_is_lost_and_nothing_is_there_twice()
        print(f"{failure.__name__}: {len(ours.storm.acknowledged)} orders acknowledged, nothing lost, nothing twice")  # noqa: T201


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk with room for the database and little else."""
    place = kept_directory() / "small-disk"
    place.mkdir()
    made = (
        _MOUNT is not None and not subprocess.run([_MOUNT, "-t", "tmpfs", "-o", "size=150m", "tmpfs", str(place)], check=False).returncode
    )
    if not made:
        pytest.skip("Only root can make a small disk.")
    yield place
    subprocess.run([str(shutil.which("umount")), "-l", str(place)], check=True)


@pytest.mark.timeout(400)
def test_orders_come_to_their_end_although_the_disk_was_full(small_disk):
    with house(small_disk) as ours:
        ours.settle()
        filler = small_disk / "filler"
        with suppress(OSError), filler.open("wb") as file:
            while True:
                file.write(b"x" * 65536)
        ours.settle(8)
        filler.unlink()
        with suppress(subprocess.CalledProcessError):
            ours.server.start()  # where it went down because its log could not be written
        ours.storm.come_to_an_end()
        ours.storm.nothing_is_lost_and_nothing_is_there_twice()


@pytest.mark.timeout(400)
def test_orders_come_to_their_end_although_the_clock_went_back_and_forward(moved_clock):
    """An hour back, two forward, half an hour back and two forward again: what is due is due by the clock there is then."""
    environment, move = moved_clock
    with house(**environment) as ours:
        for by, seconds in (("-1h", -3600), ("+1h", 3600), ("+30m", 1800), ("+3h", 10_800)):
            ours.settle(6)
            move(by)
            ours.settle(2)
            moved = ours.storm.count(f"SELECT extract(epoch FROM clock_timestamp()) - {time.time():.0f}")
            assert abs(moved - seconds) < 5  # seconds between asking here and there
        ours.settle(6)
        ours.storm.come_to_an_end()
        ours.storm.nothing_is_lost_and_nothing_is_there_twice()
        print(f"clock: {len(ours.storm.acknowledged)} orders acknowledged, nothing lost, nothing twice")  # noqa: T201
