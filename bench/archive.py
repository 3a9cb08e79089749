"""A month's archive, beside DuckDB's own COPY of the same rows to Parquet."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from bench.environment import connection, fresh_database
from bench.results import Result
from bench.samples import load
from bench.timing import Case, Timing, interleave
from pylayer.archive.parquet import COLUMNS, read_contents, write_parquet
from pylayer.archive.writing import event_lines
from pylayer.config import Settings
from pylayer.migrate.session import Session, session

__all__ = ["measure"]

_DUCKDB_TYPES = {
    "string": "varchar",
    "int32": "integer",
    "int64": "bigint",
    "timestamp[us, UTC]": "timestamptz",
}


def measure(settings: Settings, *, quick: bool) -> list[Result]:
    """Measure on a fresh database with a month of 250-byte events, all from one connection."""
    count = 100_000 if quick else 2_000_000
    with (
        fresh_database(settings) as url,
        connection(url) as server,
        session(url) as reader,
        tempfile.TemporaryDirectory() as folder,
        duckdb.connect() as peer,
    ):
        load(server, count)
        return _Archives(reader, peer, Path(folder), count).measure(3 if quick else 7)


class _Archives:
    def __init__(self, reader: Session, peer: duckdb.DuckDBPyConnection, folder: Path, count: int) -> None:
        self._reader = reader
        self._peer = peer
        self._own, self._csv, self._other = (
            folder / name for name in ("own.parquet", "csv", "other.parquet")
        )
        self._count = count
        self._month = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)

    def measure(self, rounds: int) -> list[Result]:
        """Time both ways from Postgres to the file, and what DuckDB takes for rows that it holds itself."""
        self._peer.execute("set threads = 1; set timezone = 'UTC'")
        self._to_csv()
        self._peer.execute(f"create table events as {self._from_csv()}")
        found = interleave(
            [
                Case("own", lambda _: self._write()),
                Case("csv", lambda _: self._copy_by_csv()),
                Case("table", lambda _: self._copy_to_parquet("events")),
                Case("read", lambda _: self._read()),
            ],
            rounds,
        )
        return [
            self._rate("archive written", found["own"], "COPY to CSV, then DuckDB's COPY", found["csv"], 1.0),
            self._rate(
                "archive written",
                found["own"],
                "DuckDB's COPY of a table of its own, one thread",
                found["table"],
            ),
            self._rate("archive read back", found["read"], "archive written", found["own"]),
            self._sizes(),
        ]

    def _write(self) -> None:
        with self._own.open("wb") as file, event_lines(self._reader, self._month) as lines:
            assert write_parquet(lines, file).rows == self._count

    def _read(self) -> None:
        with self._own.open("rb") as file:
            assert read_contents(file).rows == self._count

    def _to_csv(self) -> None:
        with self._csv.open("wb") as file, event_lines(self._reader, self._month) as lines:
            file.writelines(lines)

    def _copy_by_csv(self) -> None:
        self._to_csv()
        self._copy_to_parquet(f"({self._from_csv()})")

    def _from_csv(self) -> str:
        types = ", ".join(f"'{name}': '{_DUCKDB_TYPES[kind]}'" for name, kind in COLUMNS.items())
        return f"select * from read_csv('{self._csv}', header = false, columns = {{{types}}})"

    def _copy_to_parquet(self, source: str) -> None:
        self._peer.execute(f"copy {source} to '{self._other}' (format parquet, compression zstd)")

    def _rate(
        self, name: str, timing: Timing, beside: str, other: Timing, target: float | None = None
    ) -> Result:
        return Result(
            name=f"{name}, {self._count:,} events",
            value=self._count / timing.median,
            unit="events/s",
            repetitions=len(timing.seconds),
            noise=timing.spread,
            compared_with=beside,
            reference=self._count / other.median,
            ratio=other.median / timing.median,
            target=target,
        )

    def _sizes(self) -> Result:
        own, other = self._own.stat().st_size, self._other.stat().st_size
        return Result(
            name="size of the archive",
            value=own / self._count,
            unit="bytes/event",
            repetitions=1,
            noise=0,
            compared_with="DuckDB's file",
            reference=other / self._count,
            ratio=own / other,
            target=1.1,
            relation="at most",
        )
