"""Taking, batching, counting, flushing and closing."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pylayer.emitter import EmitterStats
from pylayer.errors import InvalidInput, TooLarge, Unavailable
from pylayer.events import Event
from pylayer.models import ModelPrice
from tests.emitter.conftest import MakeEmitter
from tests.emitter.doubles import MemoryTransport, Store, event
from tests.waiting import wait_until


def test_an_event_is_delivered_with_all_it_carries(make: MakeEmitter, store: Store) -> None:
    emitter = make()
    sent = event(run_id="run-1", item_id="INFR-1", metadata={"a": "b\nc"}, payload={"text": 'é\n\u2028{}"]'})
    assert emitter.emit(sent) == sent.event_id
    assert emitter.flush(60)
    stored = store.events[sent.event_id]
    assert Event(**stored) == sent
    assert emitter.stats == EmitterStats(emitted=1, delivered=1)


@pytest.mark.parametrize("memory", [False, True], ids=["spool", "memory"])
def test_many_threads(make: MakeEmitter, store: Store, spool: Path, memory: bool) -> None:
    """50,000 events of 8 threads: each once, the counters exact, nothing left."""
    emitter = make(**({"spool": None} if memory else {}))

    def emit(thread: int) -> list[str]:
        return [emitter.emit(event(payload={"thread": thread, "n": n})) for n in range(6250)]

    with ThreadPoolExecutor(8) as pool:
        ids = [event_id for emitted in pool.map(emit, range(8)) for event_id in emitted]
    assert emitter.flush(60)
    assert store.events.keys() == set(ids)
    assert emitter.stats == EmitterStats(emitted=50_000, delivered=50_000)
    assert sum(store.batches) == 50_000
    assert emitter.close()
    assert list(spool.glob("*.spool")) == []


def test_the_order_of_a_thread_is_kept(make: MakeEmitter, store: Store) -> None:
    emitter = make(max_batch_events=7)
    ids = [emitter.emit(event()) for _ in range(100)]
    assert emitter.flush(60)
    assert list(store.events) == ids
    assert max(store.batches) <= 7


def test_batches_are_bounded_in_bytes(make: MakeEmitter, transport: MemoryTransport, store: Store) -> None:
    sizes: list[int] = []
    transport.before = lambda batch: sizes.append(sum(map(len, batch)))
    emitter = make(max_batch_bytes=4000, max_delay=10)
    for size in (10, 1500, 1500, 1500, 9000, 10, 10):
        emitter.emit(event(payload={"text": "x" * size}))
    assert emitter.flush(60)
    assert len(store.events) == 7
    assert max(sizes) < 9500
    assert sum(size > 4000 for size in sizes) == 1


def test_events_wait_for_others_but_not_long(make: MakeEmitter, store: Store) -> None:
    emitter = make(max_delay=0.3)
    begin = time.monotonic()
    with emitter._outbox.lock:  # or the first ones are due before the last is there, on a busy machine
        for _ in range(20):
            emitter.emit(event())
    wait_until(lambda: store.batches)
    assert store.batches == [20]
    assert 0.25 < time.monotonic() - begin < 30


def test_a_full_batch_does_not_wait(make: MakeEmitter, store: Store) -> None:
    emitter = make(max_delay=60, max_batch_events=10)
    for _ in range(10):
        emitter.emit(event())
    wait_until(lambda: store.batches == [10])


def test_flush_is_about_what_was_emitted_before(make: MakeEmitter, transport: MemoryTransport) -> None:
    """It waits for no later event, however many come."""
    emitter = make(max_batch_events=5)
    transport.before = lambda _: [emitter.emit(event()) for _ in range(5)]
    for _ in range(5):
        emitter.emit(event())
    assert emitter.flush(60)
    assert emitter.stats.emitted > 5
    transport.before = lambda _: None


def test_flush_gives_up_in_time(make: MakeEmitter, transport: MemoryTransport, store: Store) -> None:
    blocked = threading.Event()
    transport.before = lambda _: blocked.wait(30)
    emitter = make()
    emitter.emit(event())
    begin = time.monotonic()
    assert not emitter.flush(0.1)
    assert time.monotonic() - begin < 20
    blocked.set()
    assert emitter.flush(60)


def test_close_delivers_and_lets_go(make: MakeEmitter, transport: MemoryTransport, spool: Path) -> None:
    emitter = make(max_delay=60)
    emitter.emit(event())
    assert emitter.close()
    assert transport.closed
    assert list(spool.iterdir()) == []
    assert emitter.stats.delivered == 1
    assert emitter.close()
    with pytest.raises(Unavailable) as caught:
        emitter.emit(event())
    assert caught.value.reason == "emitter_closed"


def test_close_does_not_wait_for_a_send_that_hangs(
    make: MakeEmitter, transport: MemoryTransport, store: Store
) -> None:
    sending, blocked = threading.Event(), threading.Event()

    def hang(_: object) -> None:
        sending.set()
        blocked.wait(60)

    transport.before = hang
    emitter = make()
    sent = emitter.emit(event())
    assert sending.wait(60)
    begin = time.monotonic()
    assert not emitter.close(0.2)
    assert time.monotonic() - begin < 20
    transport.before = lambda _: None
    other = make()
    assert (other.stats.adopted, other.flush(20)) == (0, True), "the thread that hangs still owns the event"
    blocked.set()
    wait_until(lambda: sent in store.events)


def test_a_bad_event_raises_at_once(make: MakeEmitter) -> None:
    emitter = make()
    with pytest.raises(InvalidInput):
        emitter.emit(event(payload={"object": object()}))
    with pytest.raises(TooLarge) as caught:
        emitter.emit(event(payload={"text": "x" * 2**21}))
    assert caught.value.reason == "event_too_large"
    assert emitter.stats == EmitterStats()


def test_listeners(make: MakeEmitter, caplog: pytest.LogCaptureFixture) -> None:
    emitter = make()
    heard: list[Event] = []

    def fail(_: Event) -> None:
        raise RuntimeError("a listener's own mistake")

    emitter.subscribe(fail)
    emitter.subscribe(heard.append)
    sent = event()
    with caplog.at_level(logging.ERROR):
        emitter.emit(sent)
    assert heard == [sent]
    assert len(caplog.records) == 1


def test_in_an_event_loop(make: MakeEmitter, store: Store) -> None:
    async def work() -> tuple[bool, bool]:
        emitter = make()
        await asyncio.gather(*(emitter.aemit(event()) for _ in range(100)))
        return await emitter.aflush(60), await emitter.aclose()

    assert asyncio.run(work()) == (True, True)
    assert len(store.events) == 100


def test_a_signal_handler_that_emits(make: MakeEmitter, store: Store) -> None:
    """It may interrupt an emit of its own thread anywhere."""
    emitter = make()
    spare = [event() for _ in range(2000)]

    def interrupt(*_: object) -> None:
        if spare:
            emitter.emit(spare.pop())
            signal.setitimer(signal.ITIMER_REAL, 0.001)  # only now: a slow handler is not interrupted again

    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    try:
        ids = [emitter.emit(event()) for _ in range(10_000)]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert emitter.flush(60)
    assert set(ids) < store.events.keys()
    assert emitter.stats.delivered == len(store.events) == emitter.stats.emitted == 12_000 - len(spare)


@pytest.mark.parametrize(
    "options",
    [
        {"max_batch_events": 0},
        {"max_batch_events": 10_001},
        {"max_spool_bytes": 0},
        {"max_delay": 0},
        {"when_full": "explode"},
    ],
)
def test_limits_that_are_none(make: MakeEmitter, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        make(**options)
    assert caught.value.reason == "bad_limit"


def price(model: str) -> ModelPrice:
    usd = Decimal(1)
    return ModelPrice(
        model=model,
        provider="p",
        valid_from="2026-01-01T00:00:00Z",  # type: ignore[arg-type]
        input_usd_per_mtok=usd,
        cached_input_usd_per_mtok=usd,
        output_usd_per_mtok=usd,
    )


def test_prices_are_read_once(make: MakeEmitter, transport: MemoryTransport) -> None:
    transport.known = [price("gpt-4o")]
    emitter = make()
    assert emitter.prices().cost_usd_est("gpt-4o", 1, 0, 0) == Decimal("0.000001")
    transport.known = []
    assert emitter.prices().find("gpt-4o") is not None


def test_prices_of_an_endpoint_that_is_away(
    make: MakeEmitter, transport: MemoryTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for them twice; they are there once it is back."""
    monkeypatch.setattr("pylayer.emitter.prices._FIRST_WAIT", 0.1)
    monkeypatch.setattr("pylayer.emitter.prices._FAILED_SECONDS", 0.05)
    transport.known = [price("gpt-4o")]
    blocked = threading.Event()

    def away(_: object) -> None:
        blocked.wait(60)
        raise Unavailable("away")

    transport.before = away
    emitter = make()
    assert emitter.prices().find("gpt-4o") is None
    monkeypatch.setattr("pylayer.emitter.prices._FIRST_WAIT", 30)
    begin = time.monotonic()
    assert emitter.prices().find("gpt-4o") is None
    assert time.monotonic() - begin < 20
    transport.before = lambda _: None
    blocked.set()
    wait_until(lambda: emitter.prices().find("gpt-4o") is not None)
