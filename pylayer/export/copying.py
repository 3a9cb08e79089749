"""The rows of a day, streamed from the server by COPY as lines of CSV or JSON."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pylayer.calls import call_sql, json_call_sql
from pylayer.errors import translated
from pylayer.export.kinds import Format, Kind
from pylayer.export.state import Column, Horizon
from pylayer.migrate.session import Session

__all__ = ["JSON_LINES", "Query", "Tell", "columns_of", "copied", "query_of", "streamed"]

Tell = Callable[[int], None]
"""Called with the number of rows of the day so far."""

Query = str
JSON_LINES = "format csv, quote e'\\x01', delimiter e'\\x02'"
"""Options of COPY for rows of JSON: its text has no control characters, so nothing is quoted or escaped."""

_OPTIONS = {
    "csv": "format csv, header",
    "jsonl": JSON_LINES,
    "parquet": "format csv",
}
_TELL_EVERY = 5000


def query_of(kind: Kind, file_format: Format) -> Query:
    """Return the COPY statement of a type, with ``%(name)s`` placeholders."""
    rows = (json_call_sql if file_format == "jsonl" else call_sql)(kind.function, _parameters(kind))
    return f"copy ({rows}) to stdout with ({_OPTIONS[file_format]})"


def columns_of(session: Session, kind: Kind) -> list[Column]:
    """Return the columns of a type, as the database has them."""
    params = _params(date(2000, 1, 1), Horizon(epoch=0, xid=0))
    with translated(), session.cursor() as cursor:
        cursor.execute((call_sql(kind.function, _parameters(kind)) + " limit 0").encode(), params)
        return [Column(name=column.name, type=column.type_display) for column in cursor.description or ()]


@contextmanager
def copied(session: Session, query: Query, day: date, horizon: Horizon) -> Generator[Iterator[bytes]]:
    """Stream a day (UTC) below a horizon; Postgres sends each row, and the header, as one message."""
    with translated(), session.transaction():
        session.execute("set local enable_sort = off")  # the primary key has the rows in order
        with session.cursor() as cursor, cursor.copy(query.encode(), _params(day, horizon)) as copy:
            yield (bytes(line) for line in copy)


def streamed(lines: Iterator[bytes], tell: Tell) -> Iterator[bytes]:
    """Pass the lines through, and tell of every few thousand."""
    for number, line in enumerate(lines, 1):
        yield line
        if number % _TELL_EVERY == 0:
            tell(number)


def _parameters(kind: Kind) -> tuple[str, ...]:
    return ("p_from", "p_to") if kind.source == "records" else ("p_from", "p_to", "p_epoch", "p_xid")


def _params(day: date, horizon: Horizon) -> dict[str, Any]:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return {
        "p_from": start,
        "p_to": start + timedelta(days=1),
        "p_epoch": horizon.epoch,
        "p_xid": horizon.xid,
    }
