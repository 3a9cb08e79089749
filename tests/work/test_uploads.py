"""Interleavings of uploads with each other, with inline writers and with maintenance."""

from __future__ import annotations

import psycopg
from psycopg import Connection

from .sessions import Row, blocked, refusal, row, session

A = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
BEGIN = "select * from work.begin_upload(5, repeat(%s, 64), 'text/plain', 'bundle', %s)"
COMMIT = "select * from work.commit_upload(%s)"
EXPIRED = "select upload_id from work.expired_uploads()"
CLEANED = "select work.record_upload_cleanup(%s) as cleaned"
INLINE = "select * from work.create_artifact('bundle', %s, p_artifact_id => %s)"


def expire(conn: Connection[Row], upload: Row, ago: str = "1 second") -> None:
    """Move the end of an attempt into the past."""
    conn.execute(
        "update work.artifact_uploads set expires_at = clock_timestamp() - %s::interval where upload_id = %s",
        [ago, upload["upload_id"]],
    )


def expired(connection: Connection[Row]) -> list[str]:
    """Return the attempts that maintenance is to clean."""
    return [found["upload_id"] for found in connection.execute(EXPIRED).fetchall()]


def test_two_begins_of_a_new_artifact_reserve_two_numbers(dsn: str, conn: Connection[Row]) -> None:
    with session(dsn) as first:
        assert row(first, BEGIN, "a", A)["version"] == 1
        with blocked(dsn, conn, BEGIN, "b", A) as second:
            first.commit()
    outcome = second.result()
    assert isinstance(outcome, dict)
    assert outcome["version"] == 2


def test_an_inline_writer_between_begin_and_commit_takes_the_next_number(conn: Connection[Row]) -> None:
    upload = row(conn, BEGIN, "a", A)
    assert row(conn, INLINE, "inline", A)["version"] == 2
    assert row(conn, COMMIT, upload["upload_id"])["version"] == 1
    assert row(conn, "select * from work.get_artifact(%s)", A)["version"] == 2


def test_of_two_commits_of_one_upload_one_creates(dsn: str, conn: Connection[Row]) -> None:
    upload = row(conn, BEGIN, "a", A)
    with session(dsn) as first:
        assert row(first, COMMIT, upload["upload_id"])["created"] is True
        with blocked(dsn, conn, COMMIT, upload["upload_id"]) as second:
            first.commit()
    outcome = second.result()
    assert isinstance(outcome, dict)
    assert (outcome["version"], outcome["created"]) == (1, False)


def test_of_two_uploads_of_the_same_bytes_one_becomes_a_version(dsn: str, conn: Connection[Row]) -> None:
    one, two = row(conn, BEGIN, "a", A), row(conn, BEGIN, "a", A)
    with session(dsn) as first:
        row(first, COMMIT, one["upload_id"])
        with blocked(dsn, conn, COMMIT, two["upload_id"]) as second:
            first.commit()
    outcome = second.result()
    assert isinstance(outcome, dict)
    assert (outcome["version"], outcome["created"]) == (1, False)
    assert expired(conn) == [two["upload_id"]]


def test_a_commit_that_waits_for_an_abort_is_refused(dsn: str, conn: Connection[Row]) -> None:
    upload = row(conn, BEGIN, "a", A)
    with session(dsn) as first:
        row(first, "select work.abort_upload(%s)", upload["upload_id"])
        with blocked(dsn, conn, COMMIT, upload["upload_id"]) as second:
            first.commit()
    outcome = second.result()
    assert isinstance(outcome, psycopg.Error)
    assert (outcome.sqlstate, outcome.diag.constraint_name) == ("PT410", "upload_aborted")


def test_maintenance_passes_an_upload_that_is_being_committed(dsn: str, conn: Connection[Row]) -> None:
    upload = row(conn, BEGIN, "a", A)
    expire(conn, upload)
    with session(dsn) as committer:
        expire(committer, upload, "-1 hour")  # its time has not come for the committer, for all others it has
        assert row(committer, COMMIT, upload["upload_id"])["created"] is True
        expire(committer, upload)
        conn.execute("set lock_timeout = '5s'")
        assert expired(conn) == []
        committer.commit()
    assert expired(conn) == []
    assert row(conn, "select * from work.get_artifact(%s)", A)["version"] == 1
    assert refusal(lambda: row(conn, CLEANED, upload["upload_id"])) == ("PT409", "upload_in_use")


def test_a_commit_that_waits_for_maintenance_is_refused(dsn: str, conn: Connection[Row]) -> None:
    upload = row(conn, BEGIN, "a", A)
    expire(conn, upload)
    with session(dsn) as maintenance:
        assert expired(maintenance) == [upload["upload_id"]]
        with blocked(dsn, conn, COMMIT, upload["upload_id"]) as commit:
            maintenance.commit()
    outcome = commit.result()
    assert isinstance(outcome, psycopg.Error)
    assert (outcome.sqlstate, outcome.diag.constraint_name) == ("PT410", "upload_expired")


def test_an_expired_upload_stays_expired_when_maintenance_rolls_back(dsn: str, conn: Connection[Row]) -> None:
    upload = row(conn, BEGIN, "a", A)
    expire(conn, upload)
    with session(dsn) as maintenance:
        assert expired(maintenance) == [upload["upload_id"]]
        maintenance.rollback()
    assert refusal(lambda: row(conn, COMMIT, upload["upload_id"])) == ("PT410", "upload_expired")


def test_two_maintainers_at_once_do_not_wait_for_each_other(dsn: str, conn: Connection[Row]) -> None:
    upload = row(conn, BEGIN, "a", A)
    expire(conn, upload)
    with session(dsn) as first, session(dsn) as second:
        assert expired(first) == [upload["upload_id"]]
        second.execute("set local lock_timeout = '100ms'")
        assert expired(second) == []
        first.commit()


def test_a_cleanup_waits_for_a_new_attempt(dsn: str, conn: Connection[Row]) -> None:
    old = row(conn, BEGIN, "a", A)
    expire(conn, old, "8 days")
    assert expired(conn) == [old["upload_id"]]
    with session(dsn) as writer:
        new = row(writer, BEGIN, "b", A)
        with blocked(dsn, conn, CLEANED, old["upload_id"]) as cleanup:
            writer.commit()
    assert cleanup.result() == {"cleaned": True}
    assert row(conn, COMMIT, new["upload_id"])["version"] == new["version"] == 2


def test_a_number_is_never_given_out_again(dsn: str, conn: Connection[Row]) -> None:
    old = row(conn, BEGIN, "a", A)
    expire(conn, old, "8 days")
    assert expired(conn) == [old["upload_id"]]
    with session(dsn) as maintenance:
        assert row(maintenance, CLEANED, old["upload_id"])["cleaned"] is True
        with blocked(dsn, conn, BEGIN, "b", A) as begun, blocked(dsn, conn, INLINE, "inline", A) as inline:
            maintenance.commit()
    upload, version = begun.result(), inline.result()
    assert isinstance(upload, dict)
    assert isinstance(version, dict)
    assert sorted([upload["version"], version["version"]]) == [2, 3]


def test_two_cleanups_of_one_attempt_both_succeed(dsn: str, conn: Connection[Row]) -> None:
    upload = row(conn, BEGIN, "a", A)
    expire(conn, upload, "8 days")
    assert expired(conn) == [upload["upload_id"]]
    with session(dsn) as first:
        assert row(first, CLEANED, upload["upload_id"])["cleaned"] is True
        with blocked(dsn, conn, CLEANED, upload["upload_id"]) as second:
            first.commit()
    assert second.result() == {"cleaned": False}


def test_no_attempt_to_clean_has_the_key_of_a_version(conn: Connection[Row]) -> None:
    for number in range(12):
        upload = row(conn, BEGIN, "ab"[number % 2], A)
        if upload["created"] and number % 3:
            row(conn, COMMIT, upload["upload_id"])
        elif upload["created"]:
            row(conn, "select work.abort_upload(%s)", upload["upload_id"])
    keys = "select storage_key from work.artifact_versions"
    committed = {found["storage_key"] for found in conn.execute(keys)}
    leftovers = {found["storage_key"] for found in conn.execute("select * from work.expired_uploads()")}
    assert committed
    assert leftovers
    assert not committed & leftovers
