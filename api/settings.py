"""Settings: one frozen dataclass from the environment. The README lists each; a test compares the two."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from engine.problems import Invalid
from handlers.calling import read_networks

PREFIX = "ORDERCRAFT_"
_SHORTEST_KEY = 32


@dataclass(frozen=True, slots=True)
class Settings:
    """What an installation may choose. Each field is read from `ORDERCRAFT_<NAME>`, `database_url` also from `DATABASE_URL`."""

    #: A PostgreSQL server's URL; empty starts the embedded one in `data`.
    database_url: str = ""
    #: The data directory: the embedded PostgreSQL lives here.
    data: Path = Path("var")
    #: The address `serve` listens on.
    host: str = "127.0.0.1"
    #: The port `serve` listens on.
    port: int = 8080
    #: The queue behind the doorbell: pgqueuer or procrastinate.
    queue: str = "pgqueuer"
    #: How many instances one worker process advances at once.
    worker_threads: int = 4
    #: How long a worker that died keeps what it was at work on before another takes over, in seconds.
    lease_seconds: int = 60
    undo_seconds: int = 15
    #: How much of a service task the outside bears: carrier.book=4 at once, 10 per 1 s, 5 failures stop 60 s; *=8 at once.
    service_task_bounds: str = ""
    #: How many requests `serve` answers at once.
    web_threads: int = 8
    #: How many fetches of external workers may wait at once, beside those; of more, the longest is answered early.
    waiting_fetches: int = 64
    #: The company's time zone, such as Europe/Vienna: in it a day begins, timers without a zone are meant, pages and papers are dated.
    time_zone: str = "UTC"
    #: The largest request body in bytes.
    max_body_bytes: int = 5_000_000
    #: How long a sign-in lasts without use, in minutes.
    session_minutes: int = 480
    #: How long a sign-in lasts at most, however much it is used, in minutes.
    session_longest_minutes: int = 1440
    #: For how long after a sign-in accounts may be kept and tokens made, until one confirms who one is, in minutes.
    confirm_minutes: int = 30
    #: The roles whose holders need a second factor when they sign in with a password, with commas between: administer,deploy.
    second_factor_roles: str = ""
    #: The keys that seal secrets of authenticators and webhooks, the present one first, with commas between; empty keeps one in the data.
    secrets_key: str = ""
    #: A provider of OpenID Connect by which people sign in, such as https://login.example.com; empty for none.
    oidc_issuer: str = ""
    #: What the provider calls us.
    oidc_client_id: str = ""
    #: By what the provider knows that it is us; empty for a public client.
    oidc_client_secret: str = ""
    #: What the button on the sign-in page says.
    oidc_name: str = "your company account"
    #: The claim that lists somebody's groups; a table maps them to ours.
    oidc_groups_claim: str = "groups"
    #: What the provider is asked for.
    oidc_scope: str = "openid profile email"
    #: The server that carries our mails; empty keeps them in the ledger of effects, and the pages say so.
    smtp_host: str = ""
    #: The port of the mail server.
    smtp_port: int = 587
    #: As whom we speak to the mail server; empty for none.
    smtp_user: str = ""
    #: By what the mail server knows that it is us.
    smtp_password: str = ""
    #: How the way to the mail server is encrypted: starttls, tls, or none on a trusted network.
    smtp_security: str = "starttls"
    #: Who our mails come from.
    mail_from: str = "Ordercraft <ordercraft@localhost>"
    #: Where EDI files are exchanged: a folder, or sftp://user@host:22/folder; empty keeps our papers in the ledger, and the pages say so.
    edi_exchange: str = ""
    #: By what the SFTP server knows that it is us; empty where a key does it.
    edi_password: str = ""
    #: The file of the private key by which the SFTP server knows us; empty for none.
    edi_key_file: str = ""
    #: The key of the SFTP server as in a file of known hosts: ssh-ed25519 AAAA…
    edi_host_key: str = ""
    #: How many seconds lie between two looks into the inbox of the exchange.
    edi_seconds: int = 30
    #: Where people reach us, for links in mails: https://orders.example.
    site: str = "http://127.0.0.1:8080"
    #: A carrier that is asked over HTTP, by docs/carrier.openapi.json: https://carrier.example/v1; empty prints our own labels.
    carrier_url: str = ""
    #: By what the carrier knows that it is us.
    carrier_token: str = ""
    #: The parts of our own network that webhooks may call, with commas between: 10.1.0.0/16; empty for none.
    inside_networks: str = ""
    #: After how many days in which nothing came through an address of a webhook is left alone and its owner told.
    webhook_days: int = 5
    #: The address of a reverse proxy that ends TLS before us and is believed about who asks and how; empty for none.
    trusted_proxy: str = ""
    #: Who may read the metrics: signed-in (a token with the role operate), everybody, or nobody.
    metrics: str = "signed-in"
    #: Who may read the description of the API: signed-in or everybody.
    openapi: str = "signed-in"
    #: The least severe log line that is written: debug, info, warning or error.
    log_level: str = "info"

    @property
    def company_sign_in(self) -> str:
        """What the button on the sign-in page says; empty where there is no provider."""
        return self.oidc_name if self.oidc_issuer else ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Read every setting. Raises Invalid naming the variable when a value is not of its type or the name is unknown."""
        given = os.environ if environment is None else environment
        known = {PREFIX + field.name.upper(): field for field in fields(cls)}
        unknown = sorted(name for name in given if name.startswith(PREFIX) and name not in known)
        if unknown:
            raise Invalid(
                f"Unknown settings: {', '.join(unknown)}.", code="setting_unknown", next_step=f"Known settings: {', '.join(sorted(known))}."
            )
        values = {field.name: _read(name, given[name], type(field.default)) for name, field in known.items() if name in given}
        if "DATABASE_URL" in given and "database_url" not in values:
            values["database_url"] = given["DATABASE_URL"]
        if values.get("time_zone", "UTC") not in available_timezones():
            name, zone = f"{PREFIX}TIME_ZONE", values["time_zone"]
            raise Invalid(
                f"{name} is {zone!r}, which is no time zone.", code="setting_wrong", next_step="Set it to one such as Europe/Vienna."
            )
        _refuse_impossible(values)
        _refuse_short_keys(values.get("secrets_key", ""))
        return cls(**values)


def _refuse_short_keys(named: str) -> None:
    """Raises Invalid for a key that could be guessed, without saying it."""
    if any(len(key.strip()) < _SHORTEST_KEY for key in named.split(",") if key.strip()):
        raise Invalid(
            f"A key of {PREFIX}SECRETS_KEY has fewer than {_SHORTEST_KEY} characters.",
            code="setting_wrong",
            next_step='Use one made by python -c "import secrets; print(secrets.token_urlsafe(32))".',
        )


def _refuse_impossible(values: Mapping[str, Any]) -> None:
    """Values of the right type that no installation can have. Raises Invalid naming the variable."""
    for name, allowed, what in _ALLOWED:
        value = values.get(name)
        if value is not None and not allowed(value):
            variable = f"{PREFIX}{name.upper()}"
            raise Invalid(f"{variable} is {value!r}, which is {what}.", code="setting_wrong", next_step=f"Correct {variable}.")


def _is_provider(issuer: str) -> bool:
    """Who can change what a provider tells us signs in as anybody: it is encrypted, or our own machine."""
    return issuer.startswith(("https://", "http://127.0.0.1", "http://localhost")) or not issuer


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _are_networks(text: str) -> bool:
    try:
        read_networks(text)
    except ValueError:
        return False
    return True


_HIGHEST_PORT = 65_535
_MOST_THREADS = 200
_MOST_WAITING = 1000
_ALLOWED: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("port", lambda port: port <= _HIGHEST_PORT, "no port: they go from 1 to 65535"),
    ("log_level", lambda level: level in {"debug", "info", "warning", "error"}, "no level: debug, info, warning or error"),
    ("trusted_proxy", lambda proxy: not proxy or _is_address(proxy), "no address of a proxy, such as 127.0.0.1"),
    ("metrics", lambda whom: whom in {"signed-in", "everybody", "nobody"}, "none of signed-in, everybody and nobody"),
    ("openapi", lambda whom: whom in {"signed-in", "everybody"}, "neither signed-in nor everybody"),
    ("inside_networks", _are_networks, "no list of networks, such as 10.1.0.0/16, 127.0.0.1"),
    ("queue", lambda queue: queue in {"pgqueuer", "procrastinate"}, "no queue: pgqueuer or procrastinate"),
    ("oidc_issuer", _is_provider, "no address of a provider: https://…, or http://127.0.0.1… to try one"),
    ("smtp_security", lambda kind: kind in {"starttls", "tls", "none"}, "no way to encrypt: starttls, tls or none"),
    ("smtp_port", lambda port: port <= _HIGHEST_PORT, "no port: they go from 1 to 65535"),
    ("carrier_url", lambda url: not url or url.startswith(("https://", "http://")), "no address of a carrier: https://…"),
    ("site", lambda site: site.startswith(("https://", "http://")), "no address of a site: https://…"),
    ("oidc_scope", lambda scope: "openid" in scope.split(), "no scope of OpenID Connect: it needs openid"),
    ("worker_threads", lambda threads: threads <= _MOST_THREADS, "more threads than one process should have (200)"),
    ("waiting_fetches", lambda fetches: fetches <= _MOST_WAITING, "more than one process should let wait (1000)"),
    ("web_threads", lambda threads: threads <= _MOST_THREADS, "more threads than one process should have (200)"),
)


#: Of what nothing at all may be wanted.
_MAY_BE_NONE = frozenset({f"{PREFIX}UNDO_SECONDS"})


def _read(name: str, text: str, kind: Callable[[str], Any]) -> Any:
    try:
        value = Path(text) if issubclass(kind, Path) else kind(text)  # type: ignore[arg-type]
    except ValueError:
        raise Invalid(f"{name} is {text!r}, which is no whole number.", code="setting_wrong", next_step=f"Correct {name}.") from None
    if isinstance(value, int | float) and (value < 0 or (value == 0 and name not in _MAY_BE_NONE)):
        raise Invalid(f"{name} is {text}, but must be above zero.", code="setting_wrong", next_step=f"Correct {name}.")
    return value
