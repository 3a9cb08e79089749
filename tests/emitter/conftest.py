from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pylayer.emitter import Emitter, Transport
from tests.emitter.doubles import FakeServer, MemoryTransport, Store, fake_server

MakeEmitter = Callable[..., Emitter]


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def transport(store: Store) -> MemoryTransport:
    return MemoryTransport(store)


@pytest.fixture
def server(store: Store) -> Iterator[FakeServer]:
    with fake_server(store) as running:
        yield running


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "home" / "spool"


def leave(emitter: Emitter) -> None:
    """End an emitter that can't deliver; its files are free for the next one."""
    assert not emitter.close(0.1)
    assert emitter._sender is not None
    emitter._sender.join(60)  # close() itself does not wait for a send that is under way
    assert not emitter._sender.is_alive()


@pytest.fixture
def make(transport: MemoryTransport, spool: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeEmitter]:
    """Makes emitters on ``spool`` that retry soon, but wait long for a slow machine; closed afterwards."""
    monkeypatch.setattr("pylayer.emitter.sender._LONGEST_WAIT", 0.2)
    for slow in ("sql._CONNECT_SECONDS", "lifecycle._EXIT_SECONDS", "prices._FIRST_WAIT"):
        monkeypatch.setattr(f"pylayer.emitter.{slow}", 60.0)
    made: list[Emitter] = []

    def build(to: Transport | None = None, **options: Any) -> Emitter:
        emitter = Emitter(to or transport, **{"spool": spool, "max_delay": 0.02} | options)
        made.append(emitter)
        return emitter

    yield build
    transport.before = lambda _: None
    for emitter in made:
        emitter.close(0.5)
