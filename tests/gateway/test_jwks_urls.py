"""Where an issuer may publish its keys."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from gateway.settings import Settings
from tests.gateway.issuing import issuer


@pytest.mark.parametrize(
    ("url", "is_good"),
    [
        ("https://login.example.com/keys", True),
        ("HTTPS://login.example.com/keys", True),
        ("http://localhost:8080/keys", True),
        ("http://LOCALHOST/keys", True),
        ("http://127.0.0.1/keys", True),
        ("http://127.8.9.1/keys", True),
        ("http://[::1]:80/keys", True),
        ("http://login.example.com/keys", False),
        ("HTTP://login.example.com/keys", False),
        ("http://localhost.example.com/keys", False),
        ("http://127.0.0.1.example.com/keys", False),
        ("http://127.0.0.1@example.com/keys", False),
        ("http://localhost@example.com/keys", False),
        ("http://example.com\\@127.0.0.1/keys", False),
        ("http://example.com/127.0.0.1", False),
        ("http://example.com?localhost", False),
        ("http://0.0.0.0/keys", False),
        ("http://10.0.0.1/keys", False),
        ("http://[::]/keys", False),
        ("http://127.1/keys", False),
        ("http://2130706433/keys", False),
        ("http://127.0.0.1,example.com/keys", False),
        ("ftp://127.0.0.1/keys", False),
        ("//127.0.0.1/keys", False),
        ("https:///keys", False),
    ],
)
def test_keys_are_published_where_nobody_else_can_put_his(url: str, is_good: bool) -> None:
    auth = {"issuers": {"a": issuer(jwks_url=url)}}

    if is_good:
        assert Settings.of(auth=auth).auth.issuers["a"].jwks_url == url
    else:
        with pytest.raises(
            ValidationError, match=r"must be an absolute https URL|must begin with https://,"
        ):
            Settings.of(auth=auth)
