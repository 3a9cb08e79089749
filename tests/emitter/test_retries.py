"""What goes wrong on the way: tried again for ever, or set aside, never lost."""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pylayer.emitter import EmitterStats
from pylayer.errors import (
    Conflict,
    Forbidden,
    Gone,
    InvalidInput,
    NotFound,
    PylayerError,
    RateLimited,
    Retryable,
    TooLarge,
    Unauthenticated,
    Unavailable,
    ValidationFailed,
)
from tests.emitter.conftest import MakeEmitter
from tests.emitter.doubles import MemoryTransport, Store, event
from tests.waiting import wait_until


def letters(spool: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (spool / "dead-letters.jsonl").read_text().splitlines()]


def failing(*errors: Exception) -> Any:
    """A step that raises each error in turn, and then nothing."""
    left = iter(errors)

    def step(_: Sequence[bytes]) -> None:
        for error in left:
            raise error

    return step


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("away"),
        Retryable("again"),
        RateLimited("slowly", detail="0.01"),
        RateLimited("slowly", detail="soon"),
        Unauthenticated("no such key", reason="invalid_key"),
        Forbidden("no right"),
        NotFound("no such route"),
        Conflict("no schema", reason="not_migrated"),
        RuntimeError("a mistake"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_says_nothing_about_the_events_is_tried_again(
    make: MakeEmitter, transport: MemoryTransport, store: Store, spool: Path, error: Exception
) -> None:
    transport.before = failing(error, error, error)
    emitter = make()
    sent = emitter.emit(event())
    assert emitter.flush(60)
    assert sent in store.events
    assert emitter.stats == EmitterStats(emitted=1, delivered=1, retries=3)
    assert not (spool / "dead-letters.jsonl").exists()


def test_an_outage_is_logged_once(
    make: MakeEmitter, transport: MemoryTransport, caplog: pytest.LogCaptureFixture
) -> None:
    transport.before = failing(*[Unavailable("away", reason="no_connection")] * 5, Forbidden("no right"))
    emitter = make()
    with caplog.at_level(logging.INFO, "pylayer.emitter"):
        emitter.emit(event())
        assert emitter.flush(60)
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING", "INFO"]


def test_waits_grow_and_spread(
    make: MakeEmitter, transport: MemoryTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pylayer.emitter import sender

    monkeypatch.setattr(sender, "_LONGEST_WAIT", 30.0)
    monkeypatch.setattr(sender.random, "uniform", lambda low, high: (low, high))
    assert [sender._backoff(n) for n in (0, 1, 2, 8, 9, 10_000)] == [
        (0, 0.1),
        (0, 0.2),
        (0, 0.4),
        (0, 25.6),
        (0, 30.0),
        (0, 30.0),
    ]


def test_what_the_answer_asks_for_is_waited(
    make: MakeEmitter, transport: MemoryTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    emitter = make()
    waited: list[tuple[float, bool]] = []
    pause = emitter._outbox.pause

    def record(seconds: float, *, until_flush: bool) -> bool:
        waited.append((seconds, until_flush))
        return pause(0, until_flush=until_flush)

    monkeypatch.setattr(emitter._outbox, "pause", record)
    transport.before = failing(
        RateLimited("slowly", detail="7"),
        Unavailable("later", reason="retry_after", detail="9"),
        RateLimited("much later", detail="1e9"),
    )
    emitter.emit(event())
    assert emitter.flush(60)
    assert [until_flush for _, until_flush in waited] == [False, False, False]
    assert [round(seconds / asked) for (seconds, _), asked in zip(waited, (7, 9, 300), strict=True)] == [
        1,
        1,
        1,
    ]


def test_flush_does_not_wait_for_the_next_attempt(
    make: MakeEmitter, transport: MemoryTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pylayer.emitter.sender._slowly", lambda: 60.0)
    transport.before = failing(Unauthenticated("no such key"))
    emitter = make()
    emitter.emit(event())
    wait_until(lambda: emitter.stats.retries == 1)
    assert emitter.flush(60)


@pytest.mark.parametrize(
    "error",
    [InvalidInput("bad", code="22P05"), ValidationFailed("bad"), TooLarge("bad"), Gone("bad")],
    ids=lambda error: type(error).__name__,
)
def test_a_batch_that_is_refused_is_split_until_the_bad_one_is_found(
    make: MakeEmitter, transport: MemoryTransport, store: Store, spool: Path, error: PylayerError
) -> None:
    def refuse(batch: Sequence[bytes]) -> None:
        if any(b"poison" in line for line in batch):
            raise error

    transport.before = refuse
    emitter = make(max_batch_events=64, max_delay=5)
    good = [emitter.emit(event()) for _ in range(40)]
    bad = [emitter.emit(event(payload={"text": "poison"})) for _ in range(2)]
    good += [emitter.emit(event()) for _ in range(21)]
    assert emitter.flush(60)
    assert list(store.events) == good, "in their order"
    assert [(letter["event_id"], letter["code"], letter["detail"]) for letter in letters(spool)] == [
        (event_id, error.code, "bad") for event_id in bad
    ]
    assert emitter.stats == EmitterStats(emitted=63, delivered=61, refused=2)


def test_refused_events_and_conflicts_are_set_aside(
    make: MakeEmitter, store: Store, spool: Path, caplog: pytest.LogCaptureFixture
) -> None:
    emitter = make()
    first, bad = event(), event(payload={"bad": True})
    for one in (first, bad, first, first.model_copy(update={"payload": {"other": 1}}), event()):
        emitter.emit(one)
    with caplog.at_level(logging.WARNING, "pylayer.emitter"):
        assert emitter.flush(60)
    found = letters(spool)
    assert [(letter["event_id"], letter["status"], letter["reason"]) for letter in found] == [
        (bad.event_id, "refused", "contract"),
        (first.event_id, "conflict", None),
    ]
    assert found[0]["event"]["payload"] == {"bad": True}
    assert found[0]["time"] > "2026"
    assert (spool / "dead-letters.jsonl").stat().st_mode & 0o777 == 0o600
    assert emitter.stats == EmitterStats(emitted=5, delivered=3, duplicates=1, conflicts=1, refused=1)


def test_dead_letters_begin_anew_when_they_are_large(spool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pylayer.emitter.deadletters import DeadLetters
    from pylayer.events import IngestResult

    spool.mkdir(parents=True)
    dead = DeadLetters(spool, max_bytes=2000)
    refused = IngestResult(event_id=None, status="refused", code="PT422", reason="contract")
    for n in range(100):
        dead.add([b'{"n": %d}' % n], [refused])
    old = [json.loads(line) for line in (spool / "dead-letters.1.jsonl").read_text().splitlines()]
    current = letters(spool) if (spool / "dead-letters.jsonl").exists() else []
    numbers = [letter["event"]["n"] for letter in old + current]
    assert numbers == list(range(100))[-len(numbers) :]
    assert len(numbers) >= 10
    assert {path.name for path in spool.iterdir()} <= {"dead-letters.jsonl", "dead-letters.1.jsonl"}


def test_a_torn_dead_letter_spoils_no_other(spool: Path) -> None:
    from pylayer.emitter.deadletters import DeadLetters
    from pylayer.events import IngestResult

    spool.mkdir(parents=True)
    (spool / "dead-letters.jsonl").write_bytes(b'{"time": "20')
    DeadLetters(spool).add([b"{}"], [IngestResult(event_id=None, status="refused")])
    torn, whole = (spool / "dead-letters.jsonl").read_text().splitlines()
    assert (torn, json.loads(whole)["event"]) == ('{"time": "20', {})


def test_without_a_file_dead_letters_are_logged(
    make: MakeEmitter, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    emitter = make(spool=None)
    with caplog.at_level(logging.ERROR, "pylayer.emitter"):
        bad = emitter.emit(event(payload={"bad": True}))
        assert emitter.flush(60)
    assert any(bad in record.getMessage() for record in caplog.records)


def test_a_wrong_number_of_results_is_no_answer(
    make: MakeEmitter, transport: MemoryTransport, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pylayer.emitter.sender._slowly", lambda: 0.01)
    send, calls = transport.send, itertools.count()
    monkeypatch.setattr(transport, "send", lambda batch: send(batch)[1:] if next(calls) < 2 else send(batch))
    emitter = make()
    emitter.emit(event())
    assert emitter.flush(60)
    assert emitter.stats == EmitterStats(emitted=1, delivered=1, duplicates=1, retries=2)
