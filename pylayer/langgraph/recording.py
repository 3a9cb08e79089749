"""Runs of graphs as executions: recorded in the background, by one thread a database."""

from __future__ import annotations

import logging
import os
import random
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing import parent_process
from multiprocessing.util import Finalize
from typing import Any
from weakref import WeakSet

from pylayer.client import AsyncClient, Client, connect
from pylayer.emitter import lifecycle
from pylayer.emitter.outbox import EmitterStats
from pylayer.emitter.transport import PerProcess
from pylayer.errors import Retryable, Unavailable
from pylayer.events.context import RunContext
from pylayer.ids import new_ulid
from pylayer.langgraph.snapshots import snapshot, storable
from pylayer.langgraph.spans import OpenSpan
from pylayer.models import PriceTable
from pylayer.runs import Span

__all__ = ["Session", "Writer", "begin_session", "flush_executions", "writer_for"]

_log = logging.getLogger(__name__)

MAX_SPANS = 50_000  # that wait while the database is away; newer ones are dropped
MAX_SESSIONS = 10_000
ALIVE_SECONDS = 600
_BATCH = (
    80  # spans in a call, which takes 1 MiB: one has at most 2,000 characters of error and 1,500 of names
)
_CONNECT_SECONDS = 5.0
_FIRST_WAIT = 0.1
_LONGEST_WAIT = 30.0
_WORKFLOW_BYTES = 200
_HOST = socket.gethostname()[:100]


class Session:
    """One call of a graph: the start or the resumption of a run, until it ends or waits.

    Args:
        writer: what records it.
        start: keywords of `Executions.record` that start or resume the run.
        prices: asked when there is something to price.
    """

    def __init__(
        self, writer: Writer, run_id: str, start: dict[str, Any], prices: Callable[[], PriceTable]
    ) -> None:
        self.run_id = run_id
        self.prices = prices
        self.pid = os.getpid()
        self.worker = f"{_HOST}:{self.pid}:{new_ulid()}"
        self.spans: deque[OpenSpan] = deque()
        self.start: dict[str, Any] | None = start
        self.end: dict[str, Any] | None = None
        self.is_open = True  # until it can't be recorded
        self.is_mine = True
        self._writer = writer
        if not writer.put(self):
            self.is_open = False

    def keep(self, span: OpenSpan) -> None:
        """Take a span that ended; `wake` has it recorded."""
        if self.is_open:
            self._writer.keep(self, span)

    def wake(self) -> None:
        """Have recorded what was taken."""
        if self.spans and self.is_open:
            self._writer.put(self)

    def finish(self, status: str, **facts: Any) -> None:
        """Record how the call ended, after all spans that were taken."""
        if self.is_open:
            self.end = {"status": status, "status_at": datetime.now(UTC), **facts}
            self._writer.put(self)


class Writer:
    """The thread that records sessions, one call of the database at a time.

    Args:
        url: connection string.
        role: that its calls run under.
    """

    def __init__(self, url: str, role: str | None) -> None:
        self._client = PerProcess(
            lambda: connect(url, role=role, pool_size=1, timeout=_CONNECT_SECONDS), Client.close
        )
        self._begin()
        hooks = lifecycle.Hooks(
            before_fork=self._hold,
            after_fork_in_parent=self._release,
            after_fork_in_child=self._begin,
            close=self.close,
            stats=EmitterStats,
        )
        lifecycle.register(self, hooks)

    def keep(self, session: Session, span: OpenSpan) -> None:
        """Add a span to a session, where there is room for it."""
        with self._lock:
            if self._waiting < MAX_SPANS:
                self._waiting += 1
                session.spans.append(span)
            else:
                self._note("spans of graphs are dropped: %s wait", MAX_SPANS)

    def put(self, session: Session) -> bool:
        """Have recorded what a session holds; False where there is no room for it."""
        with self._lock:
            if session.pid != os.getpid() or self._stopping:
                return False
            if session not in self._dirty and len(self._dirty) >= MAX_SESSIONS:
                self._note("executions of graphs are dropped: %s wait", MAX_SESSIONS)
                return False
            self._dirty[session] = None
            self._work.notify()
            if self._thread is None:
                self._start()
        return True

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until all that was put before is recorded, or refused; return whether it is."""
        with self._lock:
            return self._idle.wait_for(lambda: not self._dirty and not self._is_busy, timeout)

    def close(self, timeout: float = 5.0) -> None:
        """Flush, then end. What is not recorded then is lost."""
        if not self.flush(timeout):
            waiting = len(self._dirty) + self._is_busy
            _log.warning("executions of graphs are lost: %s were not recorded to their end", waiting)
        with self._lock:
            self._stopping = True
            self._work.notify()
        if self._thread is not None:
            self._thread.join(1.0)
        lifecycle.unregister(self)

    def _begin(self) -> None:
        """Make what belongs to one process."""
        self._lock = threading.RLock()
        self._work = threading.Condition(self._lock)
        self._idle = threading.Condition(self._lock)
        self._dirty: dict[Session, None] = {}
        self._living: WeakSet[Session] = WeakSet()
        self._waiting = 0
        self._failures = 0
        self._next_look = 0.0
        self._is_busy = False
        self._stopping = False
        self._said: str | None = None
        self._thread: threading.Thread | None = None

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name="pylayer-executions", daemon=True)
        thread.start()
        self._thread = thread
        if parent_process() is not None:  # such children end without atexit
            Finalize(None, lifecycle.close_all, exitpriority=0)

    def _hold(self) -> None:
        self._lock.acquire()

    def _release(self) -> None:
        self._lock.release()

    def _run(self) -> None:
        while self._record_next():
            pass
        self._client.close()

    def _record_next(self) -> bool:
        """Wait for something to record, and try to; return False once the writer was closed."""
        session = self._take()
        if session is None:
            return False
        try:
            self._record(session)
            self._failures = 0
        except (Retryable, Unavailable) as error:
            self._note("executions of graphs can't be recorded and are kept for later: %s", error)
            self._failures += 1
            self._put_back(session, _backoff(self._failures))
        except Exception as error:
            self._note("an execution of a graph can't be recorded: %r", error)
            self._give_up(session)
        finally:
            with self._lock:
                self._is_busy = False
                self._idle.notify_all()
        return True

    def _take(self) -> Session | None:
        """Wait for a session with something to record, or whose run is to be said to live."""
        with self._lock:
            while not self._stopping:
                now = time.monotonic()
                if now >= self._next_look:
                    self._next_look = now + ALIVE_SECONDS / 3
                    self._dirty |= dict.fromkeys(self._living)
                if self._dirty:
                    session = next(iter(self._dirty))
                    del self._dirty[session]
                    self._is_busy = True
                    return session
                self._work.wait(self._next_look - now)
        return None

    def _put_back(self, session: Session, seconds: float) -> None:
        with self._lock:
            self._dirty = {session: None} | self._dirty
            self._is_busy = False
            deadline = time.monotonic() + seconds
            while not self._stopping and (left := deadline - time.monotonic()) > 0:
                self._work.wait(left)

    def _record(self, session: Session) -> None:
        """Record what a session holds; it stays in it until it is recorded."""
        with self._lock:
            count = min(len(session.spans), _BATCH)
            found = [session.spans[place] for place in range(count)]
            end = session.end if count == len(session.spans) else None
        spans = [span.document(session.prices) for span in found]
        if not self._send(session, spans, end) and session.is_mine:
            session.is_mine = False
            _log.warning("run %s is not, or no longer, this graph's: its spans are recorded", session.run_id)
        with self._lock:
            self._waiting -= count
            for _ in range(count):
                session.spans.popleft()
            session.start = None
            if end is not None:
                session.end = None
                self._living.discard(session)
            elif session.is_open:
                self._living.add(session)
            if session.spans or session.end:  # before the call that resumes its run
                self._dirty = {session: None} | self._dirty

    def _give_up(self, session: Session) -> None:
        with self._lock:
            session.is_open = False
            self._living.discard(session)
            self._dirty.pop(session, None)
            self._waiting -= len(session.spans)
            session.spans.clear()

    def _send(self, session: Session, spans: list[Span], end: dict[str, Any] | None) -> bool:
        record = self._client.get().executions.record
        facts = (session.start or {}) | (end or {})
        try:
            mine = record(session.run_id, session.worker, spans=spans, alive_seconds=ALIVE_SECONDS, **facts)
        except (Retryable, Unavailable):
            raise
        except Exception as error:
            if not spans:
                raise
            self._note("spans of a graph can't be recorded: %r", error)
            mine = record(session.run_id, session.worker, alive_seconds=ALIVE_SECONDS, **facts)
        self._said = None
        return mine

    def _note(self, text: str, fact: object) -> None:
        """Log once an outage, not once an attempt."""
        kind = f"{text}{type(fact).__name__}"
        if kind != self._said:
            self._said = kind
            _log.warning(text, fact)


_writers: dict[tuple[str, str | None], Writer] = {}
_writers_lock = threading.Lock()

os.register_at_fork(
    before=_writers_lock.acquire, after_in_parent=_writers_lock.release, after_in_child=_writers_lock.release
)


def writer_for(client: Client | AsyncClient) -> Writer:
    """Return this process's writer for the database and role of a client; it has a connection of its own."""
    key = (client.database_url, client.role)
    with _writers_lock:
        if key not in _writers:
            _writers[key] = Writer(*key)
        return _writers[key]


def begin_session(
    client: Client | AsyncClient,
    context: RunContext,
    thread: str | None,
    inputs: Any,
    prices: Callable[[], PriceTable],
) -> Session | None:
    """Begin to record a call of a graph; what goes wrong is a log line.

    Args:
        client: says which database records it.
        context: run, workflow and what else is known of it.
        thread: LangGraph's thread.
        inputs: what the graph was given.
        prices: asked when there is something to price.
    """
    try:
        about = {"thread_id": thread, "item_id": context.item_id, "agent_role": context.agent_role}
        start = {
            "workflow_id": (context.workflow_name or "graph")
            .encode()[:_WORKFLOW_BYTES]
            .decode(errors="ignore"),
            "started_at": datetime.now(UTC),
            "inputs": snapshot(inputs),
            "project_id": context.project_id,
            "metadata": {name: storable(text, len(text)) for name, text in about.items() if text},
        }
        return Session(writer_for(client), context.run_id or "", start, prices)
    except Exception as error:
        _log.warning("a run of a graph can't be recorded as an execution: %r", error)
        return None


def flush_executions(timeout: float | None = None) -> bool:
    """Wait until all runs of graphs are recorded as far as they went.

    Args:
        timeout: seconds; default for ever.

    Returns:
        Whether they are; what is not is recorded later.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    with _writers_lock:
        writers = list(_writers.values())
    done = [
        writer.flush(None if deadline is None else max(0.0, deadline - time.monotonic()))
        for writer in writers
    ]
    return all(done)


def _backoff(failures: int) -> float:
    """Return the seconds to wait: exponential, with full jitter, so that many processes spread out."""
    return random.uniform(0, min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(failures, 16)))  # noqa: S311
