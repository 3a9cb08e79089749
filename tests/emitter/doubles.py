"""Stand-ins for what receives events: a transport in memory, and an HTTP server with faults."""

from __future__ import annotations

import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pylayer.events import Event, IngestResult
from pylayer.models import ModelPrice


def event(**changes: Any) -> Event:
    """A good event."""
    return Event(
        **{"event_name": "workflow.flow_issue", "payload": {"issue_type": "x", "impact": "low"}} | changes
    )


class Store:
    """Events by id, as the table keeps them; those with the payload key ``bad`` are refused."""

    def __init__(self) -> None:
        self.events: dict[str, dict[str, Any]] = {}
        self.batches: list[int] = []
        self._lock = threading.Lock()

    def ingest(self, batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
        with self._lock:
            self.batches.append(len(batch))
            return [self._one(number, item) for number, item in enumerate(batch, 1)]

    def _one(self, position: int, item: dict[str, Any]) -> dict[str, Any]:
        event_id = item["event_id"]
        result = {"position": position, "event_id": event_id}
        if "bad" in item["payload"]:
            return result | {"status": "refused", "code": "PT422", "reason": "contract", "detail": "bad"}
        if event_id not in self.events:
            self.events[event_id] = item
            return result | {"status": "created"}
        return result | {"status": "duplicate" if self.events[event_id] == item else "conflict"}


class MemoryTransport:
    """Stores in memory; ``before`` is called with each batch first and may raise or block."""

    def __init__(self, store: Store | None = None) -> None:
        self.store = store or Store()
        self.before: Callable[[Sequence[bytes]], object] = lambda _: None
        self.closed = False
        self.known: list[ModelPrice] = []

    def send(self, events: Sequence[bytes]) -> list[IngestResult]:
        self.before(events)
        return [IngestResult(**result) for result in self.store.ingest([json.loads(e) for e in events])]

    def prices(self) -> list[ModelPrice]:
        self.before([])
        return self.known

    def close(self) -> None:
        self.closed = True


Answer = tuple[int, dict[str, str], bytes]


def problem(status: int, code: str | None = None, reason: str | None = None, **headers: str) -> Answer:
    """An answer with a problem document."""
    document = {"type": "about:blank", "title": "no", "status": status, "code": code, "reason": reason}
    return status, headers, json.dumps(document).encode()


class FakeServer(ThreadingHTTPServer):
    """Answers ``POST /telemetry/events``; each of ``faults`` takes the place of one answer.

    A fault is an answer, or a function of the batch that returns one, or None to go on as usual.
    """

    daemon_threads = True

    def __init__(self, store: Store, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.store = store
        self.faults: deque[Answer | Callable[[list[dict[str, Any]]], Answer | None]] = deque()
        self.always: Callable[[list[dict[str, Any]]], Answer | None] | None = None
        self.requests: list[dict[str, str]] = []
        self.connections: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def answer(self, batch: list[dict[str, Any]]) -> Answer:
        fault = self.faults.popleft() if self.faults else self.always
        found = fault(batch) if callable(fault) else fault
        if found is not None:
            return found
        return 207, {}, json.dumps({"results": self.store.ingest(batch)}).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeServer

    def setup(self) -> None:
        super().setup()
        self.server.connections.append(self.connection)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.requests.append({"path": self.path, **{k.lower(): v for k, v in self.headers.items()}})
        status, headers, content = self.server.answer(json.loads(body))
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(content))}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def fake_server(store: Store, port: int = 0) -> Iterator[FakeServer]:
    """A server that runs for the block; afterwards its port refuses connections."""
    server = FakeServer(store, port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        for connection in server.connections:
            with suppress(OSError):  # closed by the other side
                connection.shutdown(socket.SHUT_RDWR)
        server.server_close()
