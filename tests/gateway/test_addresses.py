"""Clients and proxies by their addresses, and as many files as they need."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError
from uvicorn.middleware.proxy_headers import _TrustedHosts

from gateway.commands.serving import uvicorn_options
from gateway.settings import Settings
from gateway.transports.addresses import Networks, bounded_as


@pytest.mark.parametrize(
    ("host", "bounded"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
        ("x" * 10_000, "x" * 100),
        ("", ""),
    ],
)
def test_a_client_is_bounded_by_its_address(host: str, bounded: str) -> None:
    assert bounded_as(host) == bounded


@pytest.mark.parametrize(
    ("host", "trusted"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("11.1.2.3", False),
        ("192.0.2.1", True),
        ("192.0.2.2", False),
        ("2001:db8::5", True),
        ("2001:db9::5", False),
        ("unknown", False),
        ("", False),
    ],
)
def test_uvicorn_trusts_the_same_proxies(host: str, trusted: bool) -> None:
    proxies = ["10.0.0.0/8", "192.0.2.1", "2001:db8::/32"]
    options = uvicorn_options(Settings.of(server={"trusted_proxies": proxies}))

    assert (host in Networks(proxies)) is trusted
    assert (host in _TrustedHosts(options["forwarded_allow_ips"])) is trusted


@pytest.mark.parametrize("proxies", [None, []])
def test_nobody_is_trusted_unless_he_is_named(proxies: list[str] | None) -> None:
    options = uvicorn_options(Settings.of(server={"trusted_proxies": proxies}))

    assert options["proxy_headers"] is False
    assert options["forwarded_allow_ips"] == []


@pytest.mark.parametrize("proxy", ["*", "proxy.example.com", "10.0.0.1/8", "10.0.0.0/33", ""])
def test_a_proxy_is_an_address_or_a_network(proxy: str) -> None:
    with pytest.raises(ValidationError, match="write addresses, or networks as"):
        Settings.of(server={"trusted_proxies": [proxy]})


def test_a_key_has_a_certificate() -> None:
    with pytest.raises(ValidationError, match="tls_key is the key of a tls_certificate"):
        Settings.of(server={"tls_key": "key.pem"})


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="files are not bounded there")
@pytest.mark.parametrize(
    ("which", "allowed", "logged"),
    [
        ("-S", "1300", ""),
        ("-H", "256", "The system allows 256 open files, and limits.connections = 1000 need 1300"),
    ],
    ids=["soft", "hard"],
)
def test_a_worker_may_have_as_many_files_as_connections(
    which: str, allowed: str, logged: str
) -> None:
    program = (
        "import resource; from gateway.commands.serving import allow_files; allow_files(1000); "
        "print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    command = f'ulimit -S -n 256 && ulimit {which} -n 256 && exec "$0" -c "$1"'
    ran = subprocess.run(
        ["/bin/sh", "-c", command, sys.executable, program],
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout.strip() == allowed
    assert logged in ran.stderr
