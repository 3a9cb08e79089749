"""API keys through the client: the secret is seen once, the role and the end of a key hold."""

from __future__ import annotations

import asyncio
import doctest
import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import Connection

import pylayer
from pylayer.config import Settings
from pylayer.keys import Keys, key_hash
from tests.iam.expiry import expire

ALL = ("artifacts:read", "artifacts:write", "events:read", "events:write", "models:read")
SECRET = "pyl_" + "x" * 43


@pytest.mark.parametrize("documented", [key_hash, Keys.create])
def test_the_examples_are_true(client: pylayer.Client, documented: Any) -> None:
    names = {"client": client, "key_hash": key_hash}
    example = doctest.DocTestParser().get_doctest(documented.__doc__, names, "example", None, None)
    outcome = doctest.DocTestRunner().run(example)
    assert (outcome.attempted, outcome.failed) == (1, 0)


def test_a_key_is_made_used_listed_and_revoked(client: pylayer.Client) -> None:
    assert not client.keys.exist()
    expires_at = datetime.now(UTC) + timedelta(days=90)
    key = client.keys.create("ci", role="pylayer_agent", scopes=["events:write"], expires_at=expires_at)
    assert client.keys.exist()
    holder = client.keys.authenticate(key.secret)
    assert (holder.key_id, holder.role, holder.scopes, holder.expires_at) == (
        key.key_id,
        "pylayer_agent",
        ("events:write",),
        expires_at,
    )
    (listed,) = client.keys.list()
    assert listed.last_used_at is not None
    revoked = client.keys.revoke(key.prefix)
    assert revoked.revoked_at is not None
    assert client.keys.revoke(key.key_id) == revoked
    assert client.keys.list() == []
    assert client.keys.list(include_revoked=True) == [revoked]
    assert not client.keys.exist()
    with pytest.raises(pylayer.Unauthenticated):
        client.keys.authenticate(key.secret)


def test_the_secret_is_random_and_the_database_has_its_hash(
    client: pylayer.Client, conn: Connection[dict[str, Any]]
) -> None:
    keys = [client.keys.create(f"key {n}") for n in range(3)]
    assert len({key.secret for key in keys}) == 3
    for key in keys:
        assert re.fullmatch(r"pyl_[A-Za-z0-9_-]{43}", key.secret)
        assert key.prefix == key.secret[:12]
        assert key.scopes == ALL
        assert key.secret not in repr(key)
    stored = conn.execute("select to_jsonb(k)::text as row, k.key_hash from iam.api_keys as k").fetchall()
    hashes = {hashlib.sha256(key.secret.encode()).hexdigest() for key in keys}
    assert {row["key_hash"] for row in stored} == hashes == {key_hash(key.secret) for key in keys}
    assert not any(key.secret in row["row"] for key in keys for row in stored)


def test_unknown_expired_and_revoked_keys_are_refused_alike(
    client: pylayer.Client, conn: Connection[dict[str, Any]]
) -> None:
    revoked = client.keys.create("revoked")
    client.keys.revoke(revoked.key_id)
    conn.execute(
        "insert into iam.api_keys (name, prefix, key_hash, role, scopes, expires_at)"
        " values ('expired', 'pyl_expired', %s, 'pylayer_agent', '{}', now())",
        [key_hash(SECRET)],
    )
    told: set[tuple[str, ...]] = set()
    for sent in (revoked.secret, SECRET, "pyl_unknown", "", "pyl_\x00\udcff", revoked.prefix):
        with pytest.raises(pylayer.Unauthenticated) as caught:
            client.keys.authenticate(sent)
        error = caught.value
        told.add((error.message, str(error.code), str(error.reason), str(error.detail), str(error.hint)))
    ((_, code, reason, *_),) = told
    assert (code, reason) == ("PT401", "invalid_key")


def test_a_key_ends_when_it_expires(client: pylayer.Client, conn: Connection[Any]) -> None:
    key = client.keys.create("short", expires_at=datetime.now(UTC) + timedelta(hours=1))
    assert client.keys.authenticate(key.secret).key_id == key.key_id
    expire(conn, "short")
    with pytest.raises(pylayer.Unauthenticated):
        client.keys.authenticate(key.secret)
    assert [listed.name for listed in client.keys.list()] == ["short"]
    assert not client.keys.exist()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"name": ""}, "invalid_name"),
        ({"name": "x", "role": "pylayer_owner"}, "invalid_role"),
        ({"name": "x", "role": "pylayer_analyst", "scopes": ["artifacts:write"]}, "invalid_scopes"),
        ({"name": "x", "scopes": ["everything"]}, "invalid_scopes"),
        ({"name": "x", "expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, "invalid_expiry"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_no_key_can_be_is_refused(
    client: pylayer.Client, arguments: dict[str, Any], reason: str
) -> None:
    with pytest.raises(pylayer.InvalidInput) as caught:
        client.keys.create(**arguments)
    assert (caught.value.code, caught.value.reason) == ("PT400", reason)
    assert client.keys.list(include_revoked=True) == []


def test_no_such_key(client: pylayer.Client) -> None:
    with pytest.raises(pylayer.NotFound) as caught:
        client.keys.revoke(SECRET)
    assert caught.value.reason == "no_key"
    assert SECRET not in str(caught.value), "a secret that was given for an id ends in no log"


@pytest.mark.parametrize("role", ["pylayer_agent", "pylayer_analyst", "pylayer_auditor"])
def test_other_roles_authenticate_and_manage_nothing(client: pylayer.Client, role: str) -> None:
    key = client.keys.create("ci")
    other = client.acting_as(role)
    assert other.keys.authenticate(key.secret).key_id == key.key_id
    assert other.keys.exist()
    forbidden: list[Callable[[], Any]] = [
        lambda: other.keys.create("mine", role="pylayer_admin"),
        other.keys.list,
        lambda: other.keys.revoke(key.key_id),
    ]
    for call in forbidden:
        with pytest.raises(pylayer.Forbidden) as caught:
            call()
        assert caught.value.code == "42501"
    assert client.acting_as("pylayer_admin").keys.list()[0].key_id == key.key_id


def test_the_async_client_does_the_same(settings: Settings) -> None:
    async def main() -> None:
        async with await pylayer.connect_async(settings=settings) as client:
            key = await client.keys.create("ci", scopes=[])
            assert (await client.keys.authenticate(key.secret)).scopes == ()
            assert await client.keys.exist()
            agent = client.acting_as("pylayer_agent")
            with pytest.raises(pylayer.Forbidden):
                await agent.keys.list()
            assert (await client.keys.revoke(key.key_id)).key_id == (await client.keys.list(True))[0].key_id

    asyncio.run(main())


def test_acting_as_a_role_leaves_nothing_of_it_on_the_connection(settings: Settings) -> None:
    with pylayer.connect(settings=settings, pool_size=1) as client:
        for role in ("pylayer_agent", "pylayer_analyst"):
            with pytest.raises(pylayer.Forbidden):
                client.acting_as(role).keys.create("x")
            assert client.keys.create(role).name == role


def test_acting_as_a_role_is_never_on_a_callers_connection(client: pylayer.Client, dsn: str) -> None:
    """A connection of the caller keeps its own role, which may be mightier."""
    with psycopg.connect(dsn) as connection, pytest.raises(pylayer.Forbidden):
        client.using(connection).acting_as("pylayer_agent").keys.create("x")
