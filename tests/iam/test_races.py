"""Sessions that meet over one API key, and how it is found among many."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import Connection

from tests.work.sessions import Row, blocked, refusal, row, session

CREATE = "select * from iam.create_api_key(%s, 'pyl_12345678', repeat(%s, 64), %s)"
AUTHENTICATE = "select * from iam.authenticate(repeat(%s, 64))"
REVOKE = "select * from iam.revoke_api_key('pyl_12345678')"
USED = "select last_used_at from iam.api_keys"
ADMIN, AGENT = "pylayer_admin", "pylayer_agent"


def outcome(result: Row | psycopg.Error) -> Any:
    """The id of a key, or the reason of a refusal."""
    return result["key_id"] if isinstance(result, dict) else result.diag.constraint_name


def test_of_two_that_make_the_same_key_both_get_it(dsn: str, conn: Connection[Row]) -> None:
    with session(dsn) as first:
        made = row(first, CREATE, "ci", "a", AGENT)
        with blocked(dsn, conn, CREATE, "ci", "a", AGENT) as second:
            first.commit()
    assert outcome(second.result()) == made["key_id"]
    assert len(conn.execute("select from iam.api_keys").fetchall()) == 1


@pytest.mark.parametrize(
    "other", [("ci", "a", ADMIN), ("ci", "b", AGENT), ("other", "a", AGENT)], ids=["role", "hash", "name"]
)
def test_of_two_that_make_a_key_of_one_prefix_the_second_is_refused(
    dsn: str, conn: Connection[Row], other: tuple[str, ...]
) -> None:
    with session(dsn) as first:
        row(first, CREATE, "ci", "a", AGENT)
        with blocked(dsn, conn, CREATE, *other) as second:
            first.commit()
    assert outcome(second.result()) == "key_exists"
    assert row(conn, AUTHENTICATE, "a")["role"] == AGENT
    assert refusal(lambda: row(conn, AUTHENTICATE, "b")) == ("PT401", "invalid_key")


def test_a_key_whose_maker_gives_up_is_free(dsn: str, conn: Connection[Row]) -> None:
    with session(dsn) as first:
        row(first, CREATE, "ci", "a", AGENT)
        with blocked(dsn, conn, CREATE, "ci", "a", ADMIN) as second:
            first.rollback()
    assert outcome(second.result()) == row(conn, AUTHENTICATE, "a")["key_id"]
    assert row(conn, AUTHENTICATE, "a")["role"] == ADMIN


def test_to_authenticate_waits_for_nobody_who_uses_the_key(dsn: str, conn: Connection[Row]) -> None:
    row(conn, CREATE, "ci", "a", AGENT)
    conn.execute("set lock_timeout = '1ms'")
    with session(dsn) as first:
        row(first, AUTHENTICATE, "a")
        assert row(conn, AUTHENTICATE, "a")["role"] == AGENT
        assert row(conn, USED)["last_used_at"] is None
        first.commit()
    noted = row(conn, USED)["last_used_at"]
    assert noted is not None
    row(conn, AUTHENTICATE, "a")
    assert row(conn, USED)["last_used_at"] == noted


def test_to_authenticate_waits_for_no_revocation(dsn: str, conn: Connection[Row]) -> None:
    row(conn, CREATE, "ci", "a", AGENT)
    conn.execute("set lock_timeout = '1ms'")
    with session(dsn) as admin:
        row(admin, REVOKE)
        assert row(conn, AUTHENTICATE, "a")["role"] == AGENT, "until it is committed"
        admin.commit()
    assert refusal(lambda: row(conn, AUTHENTICATE, "a")) == ("PT401", "invalid_key")


def test_a_revocation_while_the_key_is_used_holds(dsn: str, conn: Connection[Row]) -> None:
    row(conn, CREATE, "ci", "a", AGENT)
    with session(dsn) as user:
        row(user, AUTHENTICATE, "a")
        with blocked(dsn, conn, REVOKE) as revoked:
            user.commit()
    assert outcome(revoked.result())
    assert refusal(lambda: row(conn, AUTHENTICATE, "a")) == ("PT401", "invalid_key")
    assert row(conn, USED)["last_used_at"] is not None


def test_of_two_revocations_the_first_says_when(dsn: str, conn: Connection[Row]) -> None:
    row(conn, CREATE, "ci", "a", AGENT)
    with session(dsn) as first:
        when = row(first, REVOKE)["revoked_at"]
        with blocked(dsn, conn, REVOKE) as second:
            first.commit()
    result = second.result()
    assert isinstance(result, dict)
    assert result["revoked_at"] == when


def test_a_key_is_found_by_an_index(conn: Connection[Row]) -> None:
    conn.execute(
        "insert into iam.api_keys (name, prefix, key_hash, role, scopes)"
        " select 'many', 'pyl_' || n, encode(sha256(n::text::bytea), 'hex'), 'pylayer_agent', '{}'"
        " from generate_series(1, 20000) as n"
    )
    conn.execute("analyze iam.api_keys")
    plans: list[str] = []
    conn.add_notice_handler(lambda notice: plans.append(notice.message_primary or ""))
    with conn.transaction():
        conn.execute("load 'auto_explain'")
        conn.execute("set local auto_explain.log_min_duration = 0")
        conn.execute("set local auto_explain.log_nested_statements = on")
        conn.execute("set local client_min_messages = log")
        for _ in range(2):  # the first notes its use
            row(conn, "select * from iam.authenticate(encode(sha256('7'), 'hex'))")
    lookups = [plan for plan in plans if "api_keys" in plan]
    assert len(lookups) == 3
    assert all("Index Scan using api_keys_" in plan for plan in lookups)
    assert not any("Seq Scan" in plan for plan in lookups)
    assert "Index Scan using api_keys_key_hash_key" in lookups[0]
