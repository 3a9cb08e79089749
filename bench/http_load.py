"""The load of the HTTP benchmark: requests made in advance, sent over plain sockets by another process."""

from __future__ import annotations

import asyncio
import statistics
import time
from dataclasses import dataclass
from typing import cast

import uvloop

from bench.samples import as_json, event, events

__all__ = ["CONNECTIONS", "Turn", "run_turn"]

CONNECTIONS = 8


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn took.

    Attributes:
        seconds: of the whole turn, over the number of its requests.
        p50: median latency of a request, seconds.
        p99: latency that 99 of 100 requests stay below, seconds.
    """

    seconds: float
    p50: float
    p99: float


def run_turn(port: int, path: str, key: str, requests: int, batch: int) -> Turn:
    """Send requests from `CONNECTIONS` connections, each its next one when it has the answer to the last.

    Args:
        port: of the server, on this machine.
        path: to POST to.
        key: API key.
        requests: how many in all.
        batch: events in a request; 0 is a single one, not in an array.
    """
    return uvloop.run(_turn(port, path, key, requests // CONNECTIONS, batch))


async def _turn(port: int, path: str, key: str, requests: int, batch: int) -> Turn:
    loop = asyncio.get_running_loop()
    senders: list[_Sender] = []
    for _ in range(CONNECTIONS):
        bodies = [as_json(events(batch) if batch else event()).encode() for _ in range(requests)]
        sender = _Sender([_request(path, key, body) for body in bodies], loop.create_future())
        await loop.create_connection(lambda sender=sender: sender, "127.0.0.1", port)
        senders.append(sender)
    start = time.perf_counter()
    for sender in senders:
        sender.send()
    for sender in senders:
        await sender.finished
    seconds = (time.perf_counter() - start) / (requests * CONNECTIONS)
    latencies = [latency for sender in senders for latency in sender.latencies]
    hundredths = statistics.quantiles(latencies, n=100)
    return Turn(seconds, hundredths[49], hundredths[98])


def _request(path: str, key: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Sender(asyncio.Protocol):
    """One connection: it reads no more of an answer than it has to."""

    def __init__(self, requests: list[bytes], finished: asyncio.Future[None]) -> None:
        self.finished = finished
        self.latencies: list[float] = []
        self._requests = requests
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def send(self) -> None:
        self._begun = time.perf_counter()
        self._transport.write(self._requests.pop())

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if not end:
            return
        _, _, length = head.lower().partition(b"content-length: ")
        if len(body) < int(length.partition(b"\r")[0]):
            return
        self.latencies.append(time.perf_counter() - self._begun)
        if not head.startswith(b"HTTP/1.1 20"):
            self.finished.set_exception(RuntimeError(self._answer.decode(errors="replace")))
            return
        self._answer = b""
        if self._requests:
            self.send()
        else:
            self._transport.close()
            self.finished.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.finished.done():
            self.finished.set_exception(exc or ConnectionResetError())
