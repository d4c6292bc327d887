"""What every answer says to the browser beside its content: what it may run, keep and embed."""

from flask import Response, request

#: A year; a browser that has come by TLS once comes by nothing else.
_HSTS = "max-age=31536000; includeSubDomains"
_OF_PAGES = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
)
#: For what somebody uploaded or a program reads: opened in a browser it is nobody's page, runs nothing and fetches nothing.
_OF_FILES = "default-src 'none'; sandbox; frame-ancestors 'none'"
#: Ours, from the disk. A PDF is shown by a viewer of the browser's own, which no sandbox lets in; all we serve in place are made by us.
_OURS = {"text/html", "text/css", "text/javascript", "image/svg+xml", "font/woff2", "application/pdf"}


def protect(response: Response) -> Response:
    """Add the headers that are missing."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _OF_PAGES if response.mimetype in _OURS else _OF_FILES)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    if request.is_secure:
        headers.setdefault("Strict-Transport-Security", _HSTS)
    if not response.cache_control.public and response.cache_control.max_age is None:
        # Whoever is signed in or not: what was made for one person is kept by no browser and no proxy.
        headers["Cache-Control"] = "no-store"
    return response
