"""The files: rotated, acknowledged, adopted by one, torn at the end, on a disk that is full."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import resource
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pylayer.emitter import Emitter, EmitterStats
from pylayer.emitter.queues import MemoryQueue, Spool, open_queue
from pylayer.emitter.segment import Segment
from pylayer.errors import RateLimited, Unavailable
from tests.emitter.conftest import MakeEmitter, leave
from tests.emitter.doubles import MemoryTransport, Store, event
from tests.waiting import wait_until


def files(spool: Path) -> list[Path]:
    return sorted(spool.glob("*.spool"))


def drain(queue: Spool, at_once: int = 1000) -> list[bytes]:
    """Everything that is pending."""
    found: list[bytes] = []
    while queue._segments and queue._segments[0].pending:
        lines = queue.read(at_once, 10**6)
        queue.acknowledge(lines)
        found += lines
    return found


def lines(count: int, start: int = 0) -> list[bytes]:
    return [b'{"n": %d}' % n for n in range(start, start + count)]


def filled(spool: Path, count: int, start: int = 0, **options: Any) -> Spool:
    queue = Spool(spool, **options)
    for line in lines(count, start):
        queue.append(line + b"\n")
    return queue


def test_modes(spool: Path) -> None:
    filled(spool, 1)
    assert [path.stat().st_mode & 0o777 for path in (spool.parent, spool, *files(spool))] == [
        0o700,
        0o700,
        0o600,
    ]


def test_a_directory_keeps_its_mode(spool: Path) -> None:
    spool.mkdir(parents=True)
    spool.chmod(0o755)
    filled(spool, 1)
    assert spool.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("at_once", [1, 3, 1000])
def test_rotation(spool: Path, at_once: int) -> None:
    """A file is deleted as soon as all of it is acknowledged."""
    queue = filled(spool, 100, segment_bytes=200)
    before = files(spool)
    assert len(before) > 5
    assert drain(queue, at_once) == lines(100)
    assert files(spool) == before[-1:], "but for the one that is written to"
    queue.append(b"{}\n")
    assert len(files(spool)) == 1
    queue.close()
    (left,) = files(spool)
    assert left.read_bytes().endswith(b"\n{}\n")


def test_a_file_is_json_lines(spool: Path) -> None:
    queue = filled(spool, 3)
    queue.acknowledge(queue.read(2, 10**6))
    header, *events = [json.loads(line) for line in files(spool)[0].read_text().splitlines()]
    assert events == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert files(spool)[0].read_bytes()[header["acknowledged"] :] == b'{"n": 2}\n'


@pytest.mark.parametrize("acknowledged", [0, 1, 99, 100])
def test_what_is_not_acknowledged_is_adopted(spool: Path, acknowledged: int) -> None:
    queue = filled(spool, 100)
    if acknowledged:
        queue.acknowledge(queue.read(acknowledged, 10**6))
    queue.abandon()  # as the death of the process does
    heir = Spool(spool)
    pending = lines(100)[acknowledged:]
    assert heir.adopt() == (len(pending), sum(map(len, pending)) + len(pending))
    heir.append(b"{}\n")
    assert drain(heir) == [*pending, b"{}"]


def test_what_a_live_process_owns_is_not_adopted(spool: Path) -> None:
    owner = filled(spool, 10)
    heir = Spool(spool)
    assert heir.adopt() == (0, 0)
    assert drain(owner) == lines(10)


def test_all_is_adopted_bit_by_bit_in_its_order(spool: Path) -> None:
    filled(spool, 100, segment_bytes=150).abandon()
    heir = Spool(spool)
    adopted: list[bytes] = []
    while heir.adopt()[0]:
        adopted += drain(heir)
    assert adopted == lines(100)
    assert files(spool) == []


@pytest.mark.parametrize("tail", [b'{"n": 10', b"{", b"\0" * 100])
def test_a_torn_last_line_is_not_an_event(spool: Path, tail: bytes) -> None:
    filled(spool, 10).abandon()
    with files(spool)[0].open("ab") as file:
        file.write(tail)
    heir = Spool(spool)
    assert heir.adopt()[0] == 10
    assert drain(heir) == lines(10)
    assert files(spool) == []


@pytest.mark.parametrize(
    "header", [b"\0" * 64, b"x" * 63 + b"\n", b'{"acknowledged": "x"}'.ljust(63) + b"\n"]
)
def test_a_damaged_header_sends_all_again(spool: Path, header: bytes) -> None:
    queue = filled(spool, 10)
    queue.acknowledge(queue.read(5, 10**6))
    queue.abandon()
    with files(spool)[0].open("r+b") as file:
        file.write(header)
    heir = Spool(spool)
    assert heir.adopt()[0] == 10
    assert drain(heir) == lines(10)


@pytest.mark.parametrize("content", [b"", b'{"acknowledged": 64'])
def test_a_file_without_events_is_removed(spool: Path, content: bytes) -> None:
    heir = Spool(spool)
    (spool / "01ARZ3NDEKTSV4RRFFQ69G5FAV.spool").write_bytes(content)
    assert heir.adopt() == (0, 0)
    assert files(spool) == []


def test_one_of_many_adopts(spool: Path) -> None:
    """Twelve processes' worth of heirs look at once: each file has one owner, and none is left."""
    for n in range(40):
        filled(spool, 5, start=5 * n).abandon()
    gate = threading.Barrier(12)

    def look(_: int) -> list[bytes]:
        heir = Spool(spool)
        gate.wait()
        found: list[bytes] = []
        while heir.adopt()[0]:
            found += drain(heir, 2)
        return found

    with ThreadPoolExecutor(12) as pool:
        found = [line for each in pool.map(look, range(12)) for line in each]
    assert sorted(found) == sorted(lines(200))
    assert files(spool) == []


def test_a_new_file_that_an_heir_removes_is_made_again(spool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between its creation and its lock, an heir finds it empty."""
    heir = Spool(spool)
    made = os.open
    paths: list[Path] = []

    def interfere(path: Path, flags: int, mode: int = 0o777) -> int:
        fd = made(path, flags, mode)
        if flags & os.O_EXCL:
            paths.append(path)
            if len(paths) == 1:
                assert heir.adopt() == (0, 0)
        return fd

    monkeypatch.setattr(os, "open", interfere)
    segment = Segment.create(spool)
    assert len(paths) == 2
    assert files(spool) == [segment.path]


def test_delivery_after_a_restart(make: MakeEmitter, transport: MemoryTransport, store: Store) -> None:
    transport.before = _away
    first = make()
    ids = [first.emit(event()) for _ in range(100)]
    leave(first)
    back = threading.Event()
    transport.before = lambda _: back.wait(60)
    second = make()
    assert second.stats == EmitterStats(adopted=100, pending=100, spool_bytes=second.stats.spool_bytes)
    back.set()
    ids.append(second.emit(event()))
    assert second.flush(60)
    assert list(store.events) == ids
    assert second.stats == EmitterStats(emitted=1, adopted=100, delivered=101)


def test_what_dies_beside_a_running_emitter_is_adopted_by_it(
    make: MakeEmitter, spool: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pylayer.emitter.outbox._ADOPT_EVERY", 0.05)
    emitter = make()
    other = Spool(spool)
    sent = event()
    other.append(sent.model_dump_json().encode() + b"\n")
    time.sleep(0.15)
    assert emitter.stats.adopted == 0
    other.abandon()
    wait_until(lambda: sent.event_id in store.events)
    assert emitter.stats.adopted == 1


def _away(_: object) -> None:
    raise Unavailable("away")


LIMIT = 20_000


def _emit_until(emitter: Emitter, limit: int) -> int:
    """Emit until the next event does not fit; return the size of one."""
    emitter.emit(event())
    size = emitter.stats.spool_bytes
    while emitter.stats.spool_bytes + size <= limit:
        emitter.emit(event())
    return size


@pytest.mark.parametrize("spooled", [True, False], ids=["spool", "memory"])
def test_full_raises(make: MakeEmitter, transport: MemoryTransport, spooled: bool) -> None:
    transport.before = _away
    emitter = make(max_spool_bytes=LIMIT, when_full="raise", **({} if spooled else {"spool": None}))
    size = _emit_until(emitter, LIMIT)
    for _ in range(3):
        with pytest.raises(RateLimited) as caught:
            emitter.emit(event())
    assert (caught.value.reason, caught.value.code) == ("spool_full", "PT429")
    stats = emitter.stats
    assert (stats.emitted, stats.dropped) == (LIMIT // size, 0)
    transport.before = lambda _: None
    assert emitter.flush(60)
    emitter.emit(event())


def test_full_drops(make: MakeEmitter, transport: MemoryTransport, store: Store) -> None:
    transport.before = _away
    emitter = make(max_spool_bytes=LIMIT, when_full="drop")
    heard: list[Any] = []
    emitter.subscribe(heard.append)
    _emit_until(emitter, LIMIT)
    accepted = emitter.stats.emitted
    lost = [emitter.emit(event()) for _ in range(10)]
    assert emitter.stats.dropped == 10
    transport.before = lambda _: None
    assert emitter.flush(60)
    assert len(store.events) == accepted == len(heard)
    assert not store.events.keys() & set(lost)


def test_full_blocks_until_there_is_room(make: MakeEmitter, transport: MemoryTransport, store: Store) -> None:
    """Eight threads emit five times what fits; never is more kept, and nothing is lost."""
    open_ = threading.Event()
    most: list[int] = []

    def slowly(_: object) -> None:
        open_.wait(60)
        most.append(emitter.stats.spool_bytes)

    transport.before = slowly
    emitter = make(max_spool_bytes=LIMIT, max_batch_events=10)

    def emit(_: int) -> list[str]:
        return [emitter.emit(event()) for _ in range(75)]

    with ThreadPoolExecutor(8) as pool:
        emitted = [pool.submit(emit, n) for n in range(8)]
        wait_until(lambda: emitter.stats.spool_bytes > LIMIT * 0.9)
        time.sleep(0.3)
        blocked = [future for future in emitted if not future.done()]
        open_.set()
        ids = {event_id for future in emitted for event_id in future.result(60)}
    assert len(blocked) > 4
    assert emitter.flush(60)
    assert store.events.keys() == ids
    assert len(ids) == 600
    assert LIMIT * 0.9 < max(most) <= LIMIT


def test_closing_frees_who_waits_for_room(make: MakeEmitter, transport: MemoryTransport) -> None:
    transport.before = _away
    emitter = make(max_spool_bytes=LIMIT)
    _emit_until(emitter, LIMIT)
    with ThreadPoolExecutor(1) as pool:
        blocked = pool.submit(emitter.emit, event())
        time.sleep(0.05)
        assert not blocked.done()
        emitter.close(0.1)
        with pytest.raises(Unavailable) as caught:
            blocked.result(60)
    assert caught.value.reason == "emitter_closed"


def test_an_event_loop_goes_on_while_the_spool_is_full(
    make: MakeEmitter, transport: MemoryTransport, store: Store
) -> None:
    open_ = threading.Event()
    transport.before = lambda _: open_.wait(60)
    emitter = make(max_spool_bytes=LIMIT)
    _emit_until(emitter, LIMIT)

    async def work() -> str:
        waiting = asyncio.create_task(emitter.aemit(event()))
        for _ in range(10):
            await asyncio.sleep(0.01)
        assert not waiting.done()
        open_.set()
        return await waiting

    event_id = asyncio.run(work())
    assert emitter.flush(60)
    assert event_id in store.events


def test_an_event_larger_than_the_spool_goes_alone(make: MakeEmitter, store: Store) -> None:
    emitter = make(max_spool_bytes=100)
    for _ in range(3):
        emitter.emit(event(payload={"text": "x" * 1000}))
    assert emitter.flush(60)
    assert len(store.events) == 3


@contextmanager
def file_limit(size: int) -> Iterator[None]:
    """No file of this process may grow beyond ``size``: a write that would is short, then fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("when_full", ["raise", "drop", "block"])
def test_a_disk_that_is_full(
    make: MakeEmitter,
    transport: MemoryTransport,
    spool: Path,
    when_full: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The policy holds, no part of an event stays, and what was taken is delivered."""
    transport.before = _away
    emitter = make(when_full=when_full)
    ids = [emitter.emit(event()) for _ in range(3)]
    late = event(payload={"text": "x" * 500})
    with ThreadPoolExecutor(1) as pool, caplog.at_level(logging.WARNING, "pylayer.emitter"):
        size = files(spool)[0].stat().st_size
        with file_limit(size + 100):
            if when_full == "raise":
                for _ in range(2):
                    with pytest.raises(RateLimited) as caught:
                        emitter.emit(late)
                assert caught.value.reason == "spool_full"
            elif when_full == "drop":
                for _ in range(2):
                    emitter.emit(late)
                assert emitter.stats.dropped == 2
            else:
                waiting = pool.submit(emitter.emit, late)
                wait_until(lambda: "pylayer.emitter.outbox" in [record.name for record in caplog.records])
                time.sleep(0.6)
                assert not waiting.done()
            with emitter._outbox.lock:  # who waits tries again: not in the middle of that
                assert files(spool)[0].stat().st_size == size
        if when_full == "block":
            ids.append(waiting.result(60))
        assert [record.name for record in caplog.records].count("pylayer.emitter.outbox") == 1, "said once"
    ids.append(emitter.emit(event()))
    transport.before = lambda _: None
    assert emitter.flush(60)
    assert list(transport.store.events) == ids


def test_a_spool_that_cannot_be_written_is_memory(
    make: MakeEmitter, spool: Path, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    spool.parent.write_text("a file where the directory should be")
    with caplog.at_level(logging.WARNING, "pylayer.emitter"):
        emitter = make()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    emitter.emit(event())
    assert emitter.flush(60)
    assert len(store.events) == 1


def test_a_directory_of_somebody_else(spool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert isinstance(open_queue(spool, LIMIT), MemoryQueue)


def test_events_that_were_in_memory_only_are_missed_aloud(
    make: MakeEmitter, transport: MemoryTransport, caplog: pytest.LogCaptureFixture
) -> None:
    transport.before = _away
    emitter = make(spool=None)
    emitter.emit(event())
    with caplog.at_level(logging.ERROR, "pylayer.emitter.queues"):
        emitter.close(0.1)
        wait_until(lambda: "ERROR" in [record.levelname for record in caplog.records])


def test_a_directory_that_is_removed_is_made_again(make: MakeEmitter, store: Store, spool: Path) -> None:
    emitter = make()
    spool.rmdir()
    sent = emitter.emit(event())
    assert emitter.flush(60)
    assert sent in store.events


def test_fsync_waits_for_the_disk(spool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    filled(spool, 3, fsync=True)
    assert len(synced) == 3


def test_a_file_that_cannot_be_read_is_left(
    spool: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    filled(spool, 3).abandon()
    heir = Spool(spool)

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refuse)
        assert heir.adopt() == (0, 0)
    assert len(caplog.records) == 1
    assert heir.adopt()[0] == 3
