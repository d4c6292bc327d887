"""Who sends slowly, or only half of a request, keeps nobody else from being answered, and is cut in time."""

import socket
import threading
from contextlib import ExitStack

import pytest
from waitress.adjustments import Adjustments

from api.http_server import CONNECTIONS, HttpServer
from api.server import Threads
from tests.waiting import until

WHOLE = b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"
HALF = b"GET / HTTP/1.1\r\nHost: he"
SLOW_BODY = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 500000\r\n\r\n"


class Impatient(HttpServer):
    """As the product's, with a twentieth of its patience."""

    head_seconds, body_seconds = 0.5, 0.75


def answer(environ, start_response):
    """A page that says how much was sent."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(len(environ["wsgi.input"].read())).encode()]


@pytest.fixture
def address():
    listening = socket.create_server(("127.0.0.1", 0))
    adjustments = Adjustments(sockets=[listening], connection_limit=CONNECTIONS, cleanup_interval=0.1, asyncore_use_poll=True)
    at = listening.getsockname()
    threads, sockinfo = Threads(4, 4), (listening.family, listening.type, 0, at)
    server = Impatient(answer, dispatcher=threads, _sock=listening, adj=adjustments, sockinfo=sockinfo, bind_socket=False)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield at
    server.trigger.pull_trigger(lambda: server.asyncore.close_all(server._map))
    thread.join(10)
    server.task_dispatcher.shutdown()


def whole(at, sent=WHOLE):
    with socket.create_connection(at, timeout=10) as connection:
        connection.sendall(sent)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def closed(connection):
    """Whether the other side has hung up."""
    connection.settimeout(0)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def test_three_hundred_half_sent_requests_keep_nobody_waiting_and_are_cut(address):
    with ExitStack() as open_ones:
        halves = [open_ones.enter_context(socket.create_connection(address)) for _ in range(300)]
        for each in halves:
            each.sendall(HALF)
        assert whole(address).endswith(b"\r\n\r\n0")
        until(lambda: all(closed(each) for each in halves))


@pytest.mark.parametrize("head", [HALF, SLOW_BODY])
def test_a_request_that_comes_a_byte_at_a_time_is_cut(address, head):
    with socket.create_connection(address) as dripping:
        dripping.sendall(head)

        def drips_on():
            try:
                dripping.settimeout(None)
                dripping.sendall(b"x")
            except ConnectionError:
                return True
            return closed(dripping)

        until(drips_on)


def test_a_large_body_that_comes_at_once_is_taken(address):
    body = b"x" * 3_000_000
    head = f"POST / HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    assert whole(address, head + body).endswith(b"3000000")


@pytest.mark.parametrize("header", [b"X-Note: a\x7f", b"X-Note: a\x01b", b"Two Words: a", b"Content-Length: many"])
def test_a_request_that_cannot_be_read_is_answered_so_and_not_hung_up_on(address, header):
    assert whole(address, b"GET / HTTP/1.1\r\nHost: here\r\n" + header + b"\r\n\r\n").split(b"\r\n")[0].endswith(b" 400 Bad Request")
