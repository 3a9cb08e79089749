"""Delivery straight to the database."""

from __future__ import annotations

import signal
import threading
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pylayer.config import Settings
from pylayer.embedded import Stack
from pylayer.embedded.process import stop
from pylayer.emitter import Emitter, EmitterStats, HttpTransport, SqlTransport, configure, default_emitter
from pylayer.errors import Forbidden, InvalidInput, PylayerError, Unavailable
from tests.emitter.conftest import MakeEmitter
from tests.emitter.doubles import event
from tests.emitter.test_retries import letters
from tests.waiting import wait_until


def test_every_status(make: MakeEmitter, dsn: str, conn: Connection[dict[str, Any]], spool: Any) -> None:
    emitter = make(SqlTransport(dsn), max_delay=0.5)
    first = event(metadata={"trace": "é"}, run_id="run-1")
    emitter.emit(first)
    emitter.emit(first)
    emitter.emit(first.model_copy(update={"run_id": "run-2"}))
    unknown = emitter.emit(event(event_name="shop.unknown"))
    emitter.emit(event(payload={"issue_type": 1}))
    assert emitter.flush(60)
    assert emitter.stats == EmitterStats(emitted=5, delivered=2, duplicates=1, conflicts=1, refused=2)
    assert [(letter["event_id"], letter["reason"]) for letter in letters(spool)][:2] == [
        (first.event_id, None),
        (unknown, "unknown_event_type"),
    ]
    (row,) = conn.execute("select run_id, metadata from telemetry.workflow_events").fetchall()
    assert row == {"run_id": "run-1", "metadata": {"trace": "é"}}


def test_what_jsonb_cannot_hold_goes_aside(
    make: MakeEmitter, dsn: str, conn: Connection[dict[str, Any]], spool: Any
) -> None:
    """The whole call fails; only the event at fault is set aside."""
    emitter = make(SqlTransport(dsn), max_delay=0.5)
    good = [emitter.emit(event()) for _ in range(20)]
    bad = emitter.emit(event(payload={"issue_type": "a\0b", "impact": "low"}))
    good += [emitter.emit(event()) for _ in range(20)]
    assert emitter.flush(60)
    rows = conn.execute("select event_id from telemetry.workflow_events").fetchall()
    assert sorted(row["event_id"] for row in rows) == sorted(good)
    assert [letter["event_id"] for letter in letters(spool)] == [bad]
    assert letters(spool)[0]["code"] == "22P05"


def test_an_agent_may_send(make: MakeEmitter, dsn: str) -> None:
    emitter = make(SqlTransport(dsn, role="pylayer_agent"))
    emitter.emit(event())
    assert emitter.flush(60)
    with pytest.raises(Forbidden):
        SqlTransport(dsn, role="pylayer_auditor").send([event().model_dump_json().encode()])


def test_a_dsn_that_is_none() -> None:
    with pytest.raises(InvalidInput) as caught:
        SqlTransport("postgresql//nothing")
    assert caught.value.reason == "bad_database_url"


def test_without_a_database_events_wait_for_one(
    make: MakeEmitter, dsn: str, monkeypatch: pytest.MonkeyPatch, conn: Connection[dict[str, Any]]
) -> None:
    """It may be started later: the settings are read again."""
    emitter = make(SqlTransport())
    sent = emitter.emit(event())
    assert not emitter.flush(0.3)
    assert emitter.stats.refused == 0
    monkeypatch.setenv("DATABASE_URL", dsn)
    assert emitter.flush(60)
    assert conn.execute("select event_id from telemetry.workflow_events").fetchall() == [{"event_id": sent}]


def test_prices(dsn: str) -> None:
    transport = SqlTransport(dsn)
    assert isinstance(transport.prices(), list)
    transport.close()


def test_postgres_killed_while_events_flow(
    make: MakeEmitter, durable_stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pylayer.emitter.sql._CONNECT_SECONDS", 0.3)
    dsn = durable_stack.environment()["DATABASE_URL"]
    emitter = make(SqlTransport(dsn), max_batch_events=20)
    ids: list[str] = []
    done = threading.Event()

    def emit() -> None:
        while not done.wait(0.005):  # slower than they are delivered
            ids.append(emitter.emit(event()))

    thread = threading.Thread(target=emit)
    thread.start()
    try:
        assert emitter.flush(60)
        state = durable_stack.home.load()
        assert state is not None
        assert state.postgres is not None
        assert state.postgres.process is not None
        stop(state.postgres.process, (signal.SIGKILL, 10))
        assert not emitter.flush(1)
        wait_until(lambda: emitter.stats.retries)
        durable_stack.up()
        assert emitter.flush(60)
    finally:
        done.set()
        thread.join()
    assert emitter.flush(60)
    with psycopg.connect(dsn) as connection:
        found = connection.execute("select event_id from telemetry.workflow_events").fetchall()
    assert sorted(ids) == sorted(event_id for (event_id,) in found)


@pytest.fixture
def no_default() -> Any:
    configure(None)
    yield
    if made := configure(None):
        made.close(0.2)


@pytest.mark.usefixtures("no_default")
def test_the_default_emitter(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, dsn: str, conn: Connection[dict[str, Any]]
) -> None:
    monkeypatch.setenv("PYLAYER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATABASE_URL", dsn)
    emitter = default_emitter()
    assert default_emitter() is emitter
    emitter.emit(event())
    assert emitter.flush(60)
    assert (tmp_path / "home" / "spool").is_dir()
    assert conn.execute("select count(*) as n from telemetry.workflow_events").fetchone() == {"n": 1}
    assert configure(None) is emitter
    emitter.close()


@pytest.mark.usefixtures("no_default")
def test_the_default_emitter_prefers_the_endpoint(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("PYLAYER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TELEMETRY_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("TELEMETRY_API_KEY", "pyl_key")
    transport = default_emitter()._transport
    assert isinstance(transport, HttpTransport)
    assert transport._headers["authorization"] == "Bearer pyl_key"
    monkeypatch.setenv("TELEMETRY_ENDPOINT", "nowhere")
    old = configure(None)
    assert old is not None
    old.close()
    with pytest.raises(InvalidInput):
        default_emitter()


@pytest.mark.usefixtures("no_default")
def test_configure(make: MakeEmitter) -> None:
    emitter: Emitter = make()
    assert configure(emitter) is None
    assert default_emitter() is emitter
    assert configure(None) is emitter


def test_settings_are_used(settings: Settings) -> None:
    transport = SqlTransport(settings=settings)
    assert transport.send([event().model_dump_json(exclude_none=True).encode()])[0].status == "created"
    transport.close()


def test_a_server_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pylayer.emitter.sql._CONNECT_SECONDS", 0.2)
    transport = SqlTransport("postgresql://nobody@127.0.0.1:1/none")
    for _ in range(2):
        with pytest.raises(PylayerError) as caught:
            transport.send([b"{}"])
        assert isinstance(caught.value, Unavailable)
