"""Delivery straight to the database."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from pylayer.calls import call, rows
from pylayer.client import Client, connect
from pylayer.config import Settings, checked_dsn
from pylayer.emitter.transport import PerProcess
from pylayer.errors import InvalidInput, Unavailable
from pylayer.events import IngestResult
from pylayer.models import ModelPrice

__all__ = ["SqlTransport"]

_CONNECT_SECONDS = 5.0


class SqlTransport:
    """Sends events to ``telemetry.ingest_events`` as they are, without encoding them again.

    Args:
        dsn: connection string; default that of the settings, read again after each failure.
        role: database role that the calls run under; default the login itself.
        settings: settings to use instead of the environment's.

    Raises:
        InvalidInput: ``bad_database_url``.
    """

    def __init__(
        self, dsn: str | None = None, *, role: str | None = None, settings: Settings | None = None
    ) -> None:
        self._dsn = checked_dsn(dsn) if dsn else None
        self._role = role
        self._settings = settings
        self._client = PerProcess(self._connect, Client.close)

    def send(self, events: Sequence[bytes]) -> list[IngestResult]:
        """Store a batch, refused events reported one by one; see `Transport.send`."""
        batch = (b"[" + b",".join(events) + b"]").decode()
        params = {"p_events": batch, "p_on_error": "report"}
        ingest = call("telemetry.ingest_events", params, rows(IngestResult))
        try:
            return self._client.get().run(iter(ingest))
        except UnicodeDecodeError as error:
            raise InvalidInput("event is not valid Unicode", code="22021") from error
        except psycopg.DataError as error:  # one of the rarer SQLSTATEs that bad values have
            raise InvalidInput(
                "event holds a value that the database refuses", code=error.sqlstate
            ) from error
        except Unavailable:
            self._client.close()  # the embedded stack may come back on another port
            raise

    def prices(self) -> list[ModelPrice]:
        """Return ``ai.model_prices()``; see `Transport.prices`."""
        return self._client.get().models.prices()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _connect(self) -> Client:
        try:
            return connect(
                self._dsn, role=self._role, pool_size=2, timeout=_CONNECT_SECONDS, settings=self._settings
            )
        except InvalidInput as error:  # of the settings, not of any event
            raise Unavailable(
                error.message, reason=error.reason, detail=error.detail, hint=error.hint
            ) from error
