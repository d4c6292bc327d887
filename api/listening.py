"""Takes the address that `serve` answers at, before anything else is begun: who cannot have it is told at once, and nothing was changed."""

import errno
import socket

from engine.problems import Conflict, Invalid


def take_address(host: str, port: int) -> socket.socket:
    """A socket bound to the address; port 0 takes a free one.

    Raises Conflict when somebody listens there, Invalid for a host that has no address, OSError for one of another machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (socket.gaierror, UnicodeError):
        advice = "Set ORDERCRAFT_HOST to an address of this machine, such as 127.0.0.1."
        raise Invalid(f"ORDERCRAFT_HOST is {host!r}, which is no address.", code="host_unknown", next_step=advice) from None
    taken = socket.socket(family, kind, protocol)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
    except OSError as error:
        taken.close()
        if error.errno == errno.EADDRINUSE:
            raise port_taken(port) from None
        raise
    return taken


def port_taken(port: int) -> Conflict:
    """What is said of a port at which somebody listens."""
    return Conflict(f"Port {port} is taken.", code="port_taken", next_step="Stop what listens there, or set ORDERCRAFT_PORT or --port.")
