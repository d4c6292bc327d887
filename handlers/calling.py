"""One bounded HTTP call to an address that somebody typed: whom it reaches is decided when it connects, and no longer than it may take.

A name is resolved once, every address it has is looked at, and the connection goes to one that was: a name that answers otherwise the
second time (DNS rebinding) reaches nothing else. No redirect is followed, no proxy asked, no more read of an answer than is wanted.
"""

import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Timer
from typing import Final
from urllib.parse import SplitResult, urlsplit

from engine.problems import Invalid

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
#: Addresses of a name that are tried.
_MOST_ADDRESSES: Final = 3
_LONGEST: Final = 500
_NAT64: Final = ip_network("64:ff9b::/96")


class NotCalled(Exception):
    """Nobody answered, or nobody may be called there; the sentence says which."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call may take as a whole, and how much of an answer is read."""

    seconds: float = 15.0
    most_bytes: int = 65_536


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of whom."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; the names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def read_networks(given: str) -> tuple[Network, ...]:
    """Networks with commas between. Raises ValueError."""
    return tuple(ip_network(each.strip()) for each in given.split(",") if each.strip())


def may_be_called(address: Address, inside: Sequence[Network]) -> bool:
    """Whether an address lies outside of our own network, or in a part of it that the settings allow."""
    meant = _embedded(address)
    if any(meant in network for network in inside if network.version == meant.version):
        return True
    return meant.is_global and not meant.is_multicast


def check_url(url: str, inside: Sequence[Network]) -> str:
    """An address as it is kept. Raises Invalid by the field `address`: what is wrong is told when it is typed."""
    given = url.strip()
    wrong = _wrong(given, inside)
    if wrong:
        raise Invalid(
            f"{given[:80]!r} cannot be called.", code="address_refused", next_step="Correct the address.", errors={"address": [wrong]}
        )
    return given


def call(request: Request, patience: Patience, inside: Sequence[Network] = ()) -> Answer:
    """Ask once. Raises NotCalled where nobody may be asked, nobody answers in time, or the answer cannot be read."""
    parts = urlsplit(request.url)
    connection: _Plain | _Secure = (_Secure if parts.scheme == "https" else _Plain)(parts, patience, inside)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        with _ended(connection, patience.seconds):
            connection.request(request.method, path, body=request.body or None, headers=dict(request.headers))
            answer = connection.getresponse()
            body = answer.read(patience.most_bytes)
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body)
    except NotCalled:
        raise
    except (OSError, HTTPException, ValueError) as error:
        raise NotCalled(f"{parts.hostname} did not answer within {patience.seconds:g} seconds as HTTP does: {error}") from error
    finally:
        connection.close()


@contextmanager
def _ended(connection: "_Plain | _Secure", seconds: float) -> Iterator[None]:
    """However slowly the other side drips, the call ends: its socket is shut when the time is over."""

    def shut() -> None:
        if connection.sock is not None:
            try:
                socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)
            except OSError:
                return  # closed already

    timer = Timer(seconds, shut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class _Plain(HTTPConnection):
    def __init__(self, parts: SplitResult, patience: Patience, inside: Sequence[Network]) -> None:
        super().__init__(parts.hostname or "", parts.port or 80, timeout=patience.seconds)
        self._inside = inside

    def connect(self) -> None:
        # Not encrypted, it goes to parts of our own network only.
        self.sock = _connect((self.host, self.port), self.timeout or 0, self._inside, encrypted=False)


class _Secure(HTTPSConnection):
    def __init__(self, parts: SplitResult, patience: Patience, inside: Sequence[Network]) -> None:
        super().__init__(parts.hostname or "", parts.port or 443, timeout=patience.seconds)
        self._inside, self._trust = inside, ssl.create_default_context()

    def connect(self) -> None:
        raw = _connect((self.host, self.port), self.timeout or 0, self._inside, encrypted=True)
        self.sock = self._trust.wrap_socket(raw, server_hostname=self.host)


def _connect(to: tuple[str, int], seconds: float, inside: Sequence[Network], *, encrypted: bool) -> socket.socket:
    try:
        found = socket.getaddrinfo(*to, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotCalled(f"There is no {to[0]}: {error}") from error
    refused = [each[4][0] for each in found if not may_be_called(ip_address(str(each[4][0]).partition("%")[0]), inside)]
    if refused:
        raise NotCalled(f"{to[0]} is {refused[0]}, in our own network: only what ORDERCRAFT_INSIDE_NETWORKS names is called there.")
    if not encrypted and not all(_is_inside(str(each[4][0]), inside) for each in found):
        raise NotCalled(f"{to[0]} is called by https:// only.")
    last: OSError | None = None
    for family, kind, protocol, _, address in found[:_MOST_ADDRESSES]:
        raw = socket.socket(family, kind, protocol)
        raw.settimeout(seconds)
        try:
            raw.connect(address)
        except OSError as error:
            raw.close()
            last = error
            continue
        return raw
    raise NotCalled(f"{to[0]} cannot be reached: {last}")


def _is_inside(written: str, inside: Sequence[Network]) -> bool:
    meant = _embedded(ip_address(written.partition("%")[0]))
    return any(meant in network for network in inside if network.version == meant.version)


def _embedded(address: Address) -> Address:
    """The address that is meant: some of version 6 stand for one of version 4."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _wrong(given: str, inside: Sequence[Network]) -> str:
    try:
        parts = urlsplit(given)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "cannot be read"
    if parts.scheme not in {"https", "http"} or not host or len(given) > _LONGEST or not given.isprintable():
        return "must begin with https://"
    if parts.username is not None or parts.password is not None or parts.fragment or " " in given:
        return "may hold no user name, password or fragment"
    if parts.scheme == "http" and not inside:
        return "must begin with https://: without it everybody on the way could read it"
    return _wrong_host(host, inside)


def _wrong_host(host: str, inside: Sequence[Network]) -> str:
    """Names are looked at when they are called; what is an address is told at once."""
    try:
        address = ip_address("127.0.0.1" if host == "localhost" or host.endswith(".localhost") else host)
    except ValueError:
        return ""
    return "" if may_be_called(address, inside) else "lies in our own network: only what ORDERCRAFT_INSIDE_NETWORKS names is called there"
