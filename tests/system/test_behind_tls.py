"""The example of docs/security.md, run by nginx before the product: what is said to the browser, and whose word counts."""

import ipaddress
import re
import shutil
import socket
import ssl
import subprocess
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import text

from api.auth.accounts import NewAccount, add_account

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")
EXAMPLE = Path(__file__).parents[2] / "docs" / "security.md"
NAME, PASSWORD = "orders.example.com", "orchid-lantern-42"

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not here: apt-get install nginx-light")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def certificate(directory):
    """A certificate of orders.example.com that signed itself; answers its file and that of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    names = x509.SubjectAlternativeName([x509.DNSName(NAME), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).add_extension(names, critical=False)
    made = (
        made.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
    )
    (directory / "orders.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    (directory / "orders.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return directory / "orders.pem", directory / "orders.key"


def example(directory, port, product_port):
    """The example as it is printed, but for ports and places."""
    server = re.search(r"```\n(server \{.*?\n\})\n```", EXAMPLE.read_text(), re.DOTALL).group(1)
    pem, key = certificate(directory)
    here = (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl/orders.pem", pem),
        ("/etc/ssl/orders.key", key),
        (":8080", f":{product_port}"),
    )
    for printed, meant in here:
        assert printed in server
        server = server.replace(printed, str(meant))
    places = "".join(f"{kind}_temp_path {directory}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return f"daemon off; pid {directory}/pid; error_log stderr; events {{}} http {{ access_log off; {places} {server} }}"


@pytest.fixture
def behind(house, tmp_path):
    """A served installation behind nginx; answers it and the port of TLS."""
    installation = house(ORDERCRAFT_TRUSTED_PROXY="127.0.0.1")
    installation.serve()
    port, configuration = free_port(), tmp_path / "nginx.conf"
    configuration.write_text(example(tmp_path, port, installation.port))
    proxy = subprocess.Popen([NGINX, "-p", str(tmp_path), "-e", "stderr", "-c", str(configuration)], stderr=subprocess.PIPE)
    until = time.monotonic() + 20
    while proxy.poll() is None and time.monotonic() < until and not listens(port):
        time.sleep(0.05)
    assert proxy.poll() is None, proxy.stderr.read().decode()
    yield installation, port
    proxy.terminate()
    proxy.communicate(timeout=20)


@pytest.fixture
def by_tls(behind, tmp_path):
    """A browser that trusts the certificate and nothing else, as nora's, who signed in by TLS."""
    installation, port = behind
    with closing(installation.postgres()) as database, database.transaction() as tx:
        add_account(tx, NewAccount("nora", "Nora Newcomer", ("sales",), password=PASSWORD))
    trust = ssl.create_default_context(cafile=tmp_path / "orders.pem")
    with httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=trust, headers={"Host": NAME}) as client:
        yield client


def test_the_printed_example_makes_cookies_secure_and_the_browser_stay_with_tls_and_nobody_else_s_word_count(behind, by_tls):
    installation, port = behind
    made_up = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
    answer = by_tls.post("/login", data={"name": "nora", "password": PASSWORD}, headers=made_up)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    (session,) = (each for each in answer.headers.get_list("Set-Cookie") if "session" in each)
    assert {part.strip() for part in session.split(";")[1:]} == {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}
    assert session.startswith("__Host-")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    cookie = {"Cookie": session.split(";")[0]}
    assert by_tls.get("/api/v1/me", headers=cookie).json()["name"] == "nora"
    direct = httpx.get(f"{installation.address}/api/v1/me", headers=cookie)
    assert direct.status_code == 401, "what was given by TLS does not count without"
    with closing(installation.postgres()) as database, database.transaction() as tx:
        seen = tx.execute(text("SELECT source FROM sign_in")).scalars().all()
    assert seen == ["127.0.0.1"], "who asks is who the proxy saw, not who they said"
    assert httpx.get(f"http://127.0.0.1:{port}/login").status_code == 400, "nothing is said without TLS"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
def test_old_versions_of_tls_are_refused(behind, tmp_path):
    _, port = behind

    def greeted_by(version):
        context = ssl.create_default_context(cafile=tmp_path / "orders.pem")
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        with socket.create_connection(("127.0.0.1", port)) as connection, context.wrap_socket(connection, server_hostname=NAME) as wrapped:
            return wrapped.version()

    with pytest.raises(ssl.SSLError):
        greeted_by(ssl.TLSVersion.TLSv1_1)
    assert [greeted_by(version) for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)] == ["TLSv1.2", "TLSv1.3"]
