"""Cookies: by TLS they are Secure and carry the prefix `__Host-`, so that neither a plain connection nor a neighbour's site can set them.

Whether the connection is by TLS is said by the connection itself, or by a proxy that the settings trust.
"""

from flask import request
from werkzeug.wrappers import Response

_PREFIX = "__Host-"


def name_of(cookie: str) -> str:
    """What a cookie is called in this request."""
    return f"{_PREFIX}{cookie}" if request.is_secure else cookie


def read_cookie(cookie: str) -> str:
    """What the browser holds; empty when it holds none, and for one that came by the other kind of connection."""
    return request.cookies.get(name_of(cookie), "")


def give_cookie(answer: Response, cookie: str, value: str, *, seconds: int | None = None) -> None:
    """Hand the browser a cookie that no script reads and no other site's form brings along."""
    answer.set_cookie(name_of(cookie), value, max_age=seconds, path="/", httponly=True, samesite="Lax", secure=request.is_secure)


def take_cookie(answer: Response, cookie: str) -> None:
    """Let the browser forget one."""
    answer.delete_cookie(name_of(cookie), path="/", secure=request.is_secure, httponly=True, samesite="Lax")
