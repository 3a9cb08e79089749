"""``pylayer key``."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import Result
from typer.testing import CliRunner

import pylayer
from pylayer.cli import app
from pylayer.errors import InvalidInput, NotFound

Invoke = Callable[..., Result]


@pytest.fixture
def key(dsn: str, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    monkeypatch.setenv("DATABASE_URL", dsn)

    def call(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(app, ["key", *arguments])
        assert result.exit_code == code, result.output
        return result

    return call


def test_the_secret_alone_is_on_stdout_once(key: Invoke, client: pylayer.Client) -> None:
    made = key("create", "ci")
    secret = made.stdout.removesuffix("\n")
    principal = client.keys.authenticate(secret)
    assert (principal.role, principal.expires_at) == ("pylayer_agent", None)
    assert secret not in made.stderr
    assert principal.key_id in made.stderr
    for arguments in (["list"], ["list", "--json"], ["revoke", secret[:12]], ["list", "--all"]):
        assert secret not in key(*arguments).output


def test_options_reach_the_database(key: Invoke) -> None:
    made = json.loads(
        key(
            *("create", "reader", "--role", "pylayer_analyst", "--expires", "90d", "--json"),
            *("--scope", "models:read", "--scope", "events:read"),
        ).stdout
    )
    assert made["secret"].startswith(made["prefix"])
    assert (made["role"], made["scopes"]) == ("pylayer_analyst", ["events:read", "models:read"])
    left = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=89, hours=23) < left < timedelta(days=90)
    at = json.loads(key("create", "dated", "--expires", "2999-01-31", "--json").stdout)["expires_at"]
    assert datetime.fromisoformat(at) == datetime(2999, 1, 31, tzinfo=UTC)


def test_list_and_revoke(key: Invoke) -> None:
    one, two = (json.loads(key("create", name, "--json").stdout) for name in ("one", "two"))
    assert json.loads(key("revoke", one["prefix"], "--json").stdout)["key_id"] == one["key_id"]
    assert key("revoke", one["key_id"]).stdout == f"revoked {one['prefix']} one\n"
    assert [entry["name"] for entry in json.loads(key("list", "--json").stdout)] == ["two"]
    listed = json.loads(key("list", "--all", "--json").stdout)
    assert [(entry["name"], bool(entry["revoked_at"])) for entry in listed] == [("one", True), ("two", False)]
    assert not {"secret", "key_hash"} & listed[0].keys()
    heading, first, second = key("list", "--all").stdout.splitlines()
    assert heading.split()[:2] == ["prefix", "name"]
    assert first.split()[:4] == [one["prefix"], "one", "pylayer_agent", "revoked"]
    assert second.split()[:5] == [two["prefix"], "two", "pylayer_agent", "valid", "never"]


@pytest.mark.parametrize(
    ("arguments", "error", "reason"),
    [
        (["create", "x", "--expires", "soon"], InvalidInput, "invalid_time"),
        (["create", "x", "--expires", "99999999999999d"], InvalidInput, "invalid_time"),
        (["create", "x", "--expires", "2020-01-01"], InvalidInput, "invalid_expiry"),
        (["create", "x", "--role", "root"], InvalidInput, "invalid_role"),
        (["create", "x", "--scope", "all"], InvalidInput, "invalid_scopes"),
        (["revoke", "nobody"], NotFound, "no_key"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_refused(
    key: Invoke, arguments: list[str], error: type[pylayer.PylayerError], reason: str
) -> None:
    refused = key(*arguments, code=1).exception
    assert isinstance(refused, error)
    assert refused.reason == reason
