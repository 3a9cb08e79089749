"""Sessions that write versions of one artifact at once."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
from psycopg import Connection

from .sessions import Row, blocked, refusal, row, session

A = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
CREATE = "select * from work.create_artifact('report', %s, p_artifact_id => %s)"
VERSION = "select * from work.create_version(%s, %s, p_expected_version => %s)"


def test_32_writers_get_versions_1_to_32_each_with_its_own_bytes(dsn: str, conn: Connection[Row]) -> None:
    start = Barrier(32)

    def write(number: int) -> Row:
        with session(dsn, autocommit=True) as connection:
            start.wait(60)
            return row(connection, CREATE, f"content {number}", A)

    with ThreadPoolExecutor(32) as threads:
        written = list(threads.map(write, range(32)))

    assert sorted(w["version"] for w in written) == list(range(1, 33))
    assert all(w["created"] for w in written)
    for number, version in enumerate(written):
        stored = row(conn, "select * from work.get_content(%s, %s)", A, version["version"])
        assert stored["inline_content_text"] == f"content {number}"
        assert stored["content_hash"] == hashlib.sha256(f"content {number}".encode()).hexdigest()
    assert row(conn, "select * from work.get_artifact(%s)", A)["latest_version"] == 32


def test_32_writers_of_the_same_bytes_make_one_version(dsn: str, conn: Connection[Row]) -> None:
    start = Barrier(32)

    def write(_: int) -> Row:
        with session(dsn, autocommit=True) as connection:
            start.wait(60)
            return row(connection, CREATE, "the same", A)

    with ThreadPoolExecutor(32) as threads:
        written = list(threads.map(write, range(32)))

    assert [w["created"] for w in written].count(True) == 1
    assert {w["version"] for w in written} == {1}
    assert row(conn, "select count(*) as n from work.artifact_versions")["n"] == 1


def test_of_two_writers_with_the_same_expected_version_one_wins(dsn: str, conn: Connection[Row]) -> None:
    row(conn, CREATE, "one", A)
    with session(dsn) as first:
        assert row(first, VERSION, A, "two", 1)["version"] == 2
        with blocked(dsn, conn, VERSION, A, "other two", 1) as second:
            first.commit()
    outcome = second.result()
    assert isinstance(outcome, psycopg.Error)
    assert (outcome.sqlstate, outcome.diag.constraint_name) == ("PT409", "stale_version")
    assert outcome.diag.message_detail == "expected 1, latest 2"


def test_a_writer_that_rolls_back_leaves_the_way_free(dsn: str, conn: Connection[Row]) -> None:
    row(conn, CREATE, "one", A)
    with session(dsn) as first:
        row(first, VERSION, A, "two", 1)
        with blocked(dsn, conn, VERSION, A, "other two", 1) as second:
            first.rollback()
    outcome = second.result()
    assert isinstance(outcome, dict)
    assert (outcome["version"], outcome["created"]) == (2, True)


def test_two_sessions_make_the_same_artifact(dsn: str, conn: Connection[Row]) -> None:
    with session(dsn) as first:
        row(first, CREATE, "one", A)
        with blocked(dsn, conn, CREATE, "two", A) as second:
            first.commit()
    outcome = second.result()
    assert isinstance(outcome, dict)
    assert (outcome["version"], outcome["created"]) == (2, True)


def test_a_writer_that_waited_for_its_own_bytes_returns_that_version(dsn: str, conn: Connection[Row]) -> None:
    row(conn, CREATE, "one", A)
    with session(dsn) as first:
        row(first, CREATE, "two", A)
        with blocked(dsn, conn, CREATE, "two", A) as second:
            first.commit()
    outcome = second.result()
    assert isinstance(outcome, dict)
    assert (outcome["version"], outcome["created"]) == (2, False)


def test_a_repeatable_read_writer_is_told_to_retry(dsn: str, conn: Connection[Row]) -> None:
    row(conn, CREATE, "one", A)
    with session(dsn) as late:
        late.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        late.execute("select 1")
        row(conn, CREATE, "two", A)
        assert refusal(lambda: row(late, CREATE, "three", A)) == ("40001", None)
