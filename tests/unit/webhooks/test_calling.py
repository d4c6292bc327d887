"""A bounded call: whom it may reach, and that nobody holds it."""

import socket
from contextlib import contextmanager
from ipaddress import ip_address
from threading import Thread

import pytest

from engine.problems import Invalid
from handlers.calling import NotCalled, Patience, Request, call, check_url, may_be_called, read_networks

LOOPBACK = read_networks("127.0.0.1")


@contextmanager
def server(act):
    """A server on loopback that does with its one connection as the test says."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run():
            connection, _ = listening.accept()
            with connection:
                connection.recv(4096)
                act(connection)

        thread = Thread(target=run, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        thread.join(5)


def ask(url, inside=LOOPBACK, seconds=5.0, most=100):
    return call(Request("GET", url, {}), Patience(seconds, most), inside)


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("8.8.8.8", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("2002:7f00:1::", False),
        ("2606:4700::1111", True),
    ],
)
def test_nobody_in_our_own_network_is_called_in_whatever_spelling(address, may):
    assert may_be_called(ip_address(address), ()) is may


def test_what_the_settings_name_is_called():
    assert may_be_called(ip_address("10.1.2.3"), read_networks("10.1.0.0/16, 127.0.0.1"))
    assert not may_be_called(ip_address("10.2.2.3"), read_networks("10.1.0.0/16, 127.0.0.1"))


def answers(monkeypatch, *addresses):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


def test_a_name_is_looked_at_when_it_is_called_however_it_looked_before(monkeypatch):
    assert check_url("https://shop.example/hook", ()) == "https://shop.example/hook"
    answers(monkeypatch, "93.184.216.34", "10.0.0.7")
    with pytest.raises(NotCalled, match=r"shop\.example is 10\.0\.0\.7, in our own network"):
        ask("https://shop.example/hook", inside=())


def test_without_encryption_only_our_own_network_is_called(monkeypatch):
    answers(monkeypatch, "93.184.216.34")
    with pytest.raises(NotCalled, match="by https:// only"):
        ask("http://shop.example/")
    with pytest.raises(Invalid):
        check_url("http://shop.example/", ())


def test_an_answer_is_read_up_to_a_size_and_no_redirect_is_followed():
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 500\r\n\r\n" + b"x" * 500
    with server(lambda to: to.sendall(moved)) as url:
        answer = ask(url)
    assert (answer.status, len(answer.body), answer.headers["location"]) == (302, 100, "http://127.0.0.1:1/")


def test_who_drips_a_header_a_byte_at_a_time_does_not_hold_us():
    def drip(to):
        try:
            while True:
                to.sendall(b"H")
                to.settimeout(0.02)
                try:
                    if to.recv(1) == b"":
                        return
                except TimeoutError:
                    continue
        except OSError:
            return

    with server(drip) as url, pytest.raises(NotCalled, match=r"did not answer within 0\.2 seconds"):
        ask(url, seconds=0.2)


def test_what_is_no_http_and_who_is_not_there_is_said():
    with server(lambda to: to.sendall(b"SSH-2.0-x\r\n")) as url, pytest.raises(NotCalled, match="as HTTP does"):
        ask(url)
    with pytest.raises(NotCalled, match="cannot be reached"):
        ask("http://127.0.0.1:1/")
