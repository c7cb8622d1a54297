"""`gridmend run` and `gridmend serve` as a person starts and ends them."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gridmend.ui.web.keeping import alone, data_folder
from tests.ui.web.conftest import GOOD

SETUP = re.compile(r"/#/setup\?token=(\S+)")


@contextmanager
def started(
    *arguments: object, ends: int = signal.SIGINT, is_set_up: bool = False
) -> Iterator[tuple[str, list[str]]]:
    """A command that serves: its address, and the lines it has printed until it was ready. Where
    somebody manages users already, `is_set_up`, it prints no link."""
    code = "import sys; from gridmend.ui.cli import main; sys.exit(main())"
    command = [sys.executable, "-u", "-c", code, *map(str, arguments)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    assert process.stdout is not None
    lines: list[str] = []
    try:
        for line in process.stdout:
            lines.append(line.strip())
            is_all = arguments[0] == "run" or is_set_up
            if ("room is at" in line and is_all) or SETUP.search(line):
                break
        found = re.search(r"https?://\S+", " ".join(lines))
        assert found, (lines, process.stderr.read() if process.stderr else "")
        yield found.group(0), lines
        process.send_signal(ends)
        out, err = process.communicate(timeout=30)
        assert process.returncode == 0, (out, err)
        assert "Traceback" not in err and "has ended" in err
    finally:
        process.kill()
        process.communicate()


def test_run_opens_a_demonstration_on_this_machine_and_ends_by_ctrl_c(tmp_path: Path) -> None:
    store = tmp_path / "room.db"
    with started("run", "ieee13", "--port", 0, "--store", store) as (url, lines):
        assert url.startswith("http://127.0.0.1:")
        assert "DEMONSTRATION – simulated field" in lines[0]
        assert re.search(r"ready after \d+\.\d s", lines[1])
        with httpx.Client(base_url=url, timeout=20) as page:
            said = page.get("/api/v1/session").json()
            assert said["user"]["name"] == "demonstration" and said["server"]["world"] == "twin"
            assert page.get("/api/v1/overview").json()["converged"]
            # A stream that is open does not hold up the end.
            with page.stream("GET", "/api/v1/stream") as told:
                assert next(told.iter_lines()).startswith("event: overview")
    assert store.is_file()


def test_serve_prints_a_link_that_makes_the_first_account_and_remembers_it(
    tmp_path: Path,
) -> None:
    store = tmp_path / "room.db"
    with started("serve", "ieee13", "--port", 0, "--store", store, ends=signal.SIGTERM) as (
        url, lines,
    ):  # fmt: skip
        found = SETUP.search(lines[-1])
        assert found
        with httpx.Client(base_url=url + "/api/v1", timeout=20) as page:
            said = page.get("/session").json()
            assert (said["user"], said["needs_setup"]) == (None, True)
            given = {"token": found.group(1), "name": "ada", "password": GOOD}
            assert page.post("/setup", json=given).status_code == 200
            assert page.post("/setup", json={**given, "name": "eve"}).status_code == 403
            entered = page.post("/session", json={"name": "ada", "password": GOOD})
            assert entered.json()["permissions"] == {"": ["manage_users"]}
            told = subprocess.run(
                [sys.executable, "-m", "gridmend.ui.cli", "journal", "show", "--store", store,
                 "--json"], capture_output=True, text=True, check=True,
            ).stdout  # fmt: skip
            for kind in ("account_made", "role_granted", "logged_in"):
                assert kind in told
            assert GOOD not in told and found.group(1) not in told


@pytest.mark.parametrize("command", ["run", "serve"])
def test_a_port_that_is_taken_is_said_before_anything_is_opened(
    gridmend: Callable[..., Any], tmp_path: Path, command: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = gridmend(command, "ieee13", "--port", port, "--store", tmp_path / "room.db")
    assert said.code == 2 and f"port {port} is taken" in said.err and "--port" in said.err
    assert not list(tmp_path.iterdir())


def test_a_wrong_path_store_zone_or_certificate_is_a_users_error(
    gridmend: Callable[..., Any], tmp_path: Path
) -> None:
    store = tmp_path / "room.db"
    text = tmp_path / "text"
    text.write_text("no journal at all")
    for arguments, word in (
        (("run", tmp_path / "none.dss"), "none.dss"),
        (("run", "ieee31"), "ieee13"),
        (("run", "ieee13", "--store", tmp_path / "nowhere" / "room.db"), "cannot be written"),
        (("run", "ieee13", "--store", text), "no journal"),
        (("run", "ieee13", "--store", "mysql://x"), "mysql"),
        (("run", "ieee13", "--zone", "Mars/Base"), "Mars/Base"),
        (("serve", "ieee13", "--tls-cert", text), "go together"),
        (("serve", "ieee13", "--tls-cert", text, "--tls-key", text), "TLS cannot begin"),
        (("serve", "ieee13", "--host", "0.0.0.0"), "in the open"),
        (("serve", "ieee13", "--host", "203.0.113.9", "--behind-tls"), "nothing can listen"),
    ):
        given = [] if "--store" in arguments else ["--store", store]
        said = gridmend(*arguments, "--port", 0, *given)
        assert said.code == 2, (arguments, said.err)
        assert word in said.err and "Traceback" not in said.err, (arguments, said.err)


def test_two_rooms_do_not_share_a_store(gridmend: Callable[..., Any], tmp_path: Path) -> None:
    store = tmp_path / "room.db"
    with alone(str(store)):
        said = gridmend("run", "ieee13", "--port", 0, "--store", store)
        assert said.code == 2 and "another control room is open" in said.err
    with alone(str(store)):
        pass


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    place, now = x509.IPAddress(ip_address("127.0.0.1")), datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([place]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    cert, kept = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    kept.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ))  # fmt: skip
    return cert, kept


def test_serve_speaks_tls(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    store = tmp_path / "room.db"
    with started(
        "serve", "ieee13", "--port", 0, "--store", store, "--tls-cert", cert, "--tls-key", key
    ) as (url, _):
        assert url.startswith("https://")
        trusted = ssl.create_default_context(cafile=str(cert))
        with httpx.Client(base_url=url, verify=trusted, timeout=20) as page:
            found = page.get("/api/v1/session")
            assert found.status_code == 200 and "strict-transport-security" in found.headers


def test_data_are_kept_where_a_system_keeps_them() -> None:
    home = Path("/home/ada")
    assert data_folder({}, "linux", home) == home / ".local/share/gridmend"
    assert data_folder({"XDG_DATA_HOME": "/data"}, "linux", home) == Path("/data/gridmend")
    assert data_folder({"XDG_DATA_HOME": "data"}, "linux", home) == home / ".local/share/gridmend"
    assert data_folder({}, "darwin", home) == home / "Library/Application Support/Gridmend"
    assert data_folder({"LOCALAPPDATA": "/L"}, "win32", home) == Path("/L/Gridmend")
