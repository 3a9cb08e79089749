"""The Parquet file of a month: its columns, written from COPY's lines and read back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from json.encoder import encode_basestring
from typing import Any, BinaryIO

from pydantic_core import to_json

from pylayer.errors import Conflict, InvalidInput

__all__ = [
    "COLUMNS",
    "Contents",
    "json_batches",
    "read_contents",
    "require_packages",
    "rows_digest",
    "write_parquet",
]

COLUMNS = {
    "event_id": "string",
    "event_version": "int32",
    "event_name": "string",
    "ts": "timestamp[us, UTC]",
    "run_id": "string",
    "item_id": "string",
    "workflow_name": "string",
    "agent_role": "string",
    "payload": "string",
    "project_id": "string",
    "metadata": "string",
    "recorded_at": "timestamp[us, UTC]",
    "recorded_epoch": "int32",
    "recorded_xid": "int64",
}
"""Columns of `telemetry.workflow_events`, and their types in the file: JSON is text."""

_REPEATING = ["event_name", "run_id", "item_id", "workflow_name", "agent_role", "project_id"]
_JSON: dict[str, Callable[[Any], str]] = {"payload": str, "metadata": str}  # texts of JSON already
_BLOCK_BYTES = 32 * 2**20
_RESTORED_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file holds: its rows, and the least and the greatest event id, None when it is empty."""

    rows: int = 0
    min_event_id: str | None = None
    max_event_id: str | None = None

    def and_then(self, rows: int, first: str, last: str) -> Contents:
        """Return the contents with rows added whose ids are greater than all before.

        Raises:
            Conflict: they are not.
        """
        if self.max_event_id is not None and first <= self.max_event_id:
            raise _differs(f"{first} after {self.max_event_id}")
        return Contents(self.rows + rows, self.min_event_id or first, last)


def require_packages() -> None:
    """Refuse to go on without the extra ``archive``.

    Raises:
        InvalidInput: pyarrow is not installed.
    """
    _arrow("pyarrow")


def write_parquet(lines: Iterable[bytes], target: BinaryIO) -> Contents:
    """Write a file from lines of COPY's CSV, one an event, in id order; one row group a block of them.

    A block is encoded while the next one is read. Memory stays within a few blocks of 32 MiB, or the longest
    line.

    Args:
        lines: CSV without a header, the columns of `COLUMNS`, times in UTC.
        target: a binary file, at its start.
    """
    contents = Contents()

    def encode(block: bytes) -> None:
        nonlocal contents
        table = _parsed(block)
        ids = table.column("event_id")
        contents = contents.and_then(len(table), ids[0].as_py(), ids[-1].as_py())
        writer.write_table(table, row_group_size=len(table))

    options = {"compression": "zstd", "compression_level": 3, "use_dictionary": _REPEATING}
    with (
        _arrow("pyarrow.parquet").ParquetWriter(target, _schema(), **options) as writer,
        ThreadPoolExecutor(1, thread_name_prefix="pylayer-archive") as worker,
    ):
        encoding: Future[None] | None = None
        for block in _blocks(lines):
            if encoding:
                encoding.result()
            encoding = worker.submit(encode, block)
        if encoding:
            encoding.result()
    return contents


def read_contents(file: BinaryIO) -> Contents:
    """Decode every value of a file, a row group at a time.

    Raises:
        Conflict: it is no file of events, or its ids are not in order.
    """
    contents = Contents()
    for table in _row_groups(file):
        ids = table.column("event_id").combine_chunks()
        if len(ids) > 1 and not _arrow("pyarrow.compute").all(_is_rising(ids)).as_py():
            raise _differs("ids are not in order")
        contents = contents.and_then(len(table), ids[0].as_py(), ids[-1].as_py())
    return contents


def rows_digest(file: BinaryIO) -> str:
    """Return the digest of a file's rows as ``telemetry.month_digest`` takes it of a month, hex."""
    digest = hashlib.sha256(b"").digest()
    for table in _row_groups(file):
        for batch in table.to_batches(max_chunksize=_RESTORED_AT_ONCE):
            columns = [_json_texts(column, name) for name, column in zip(COLUMNS, batch.columns, strict=True)]
            for row in zip(*columns, strict=True):
                digest = hashlib.sha256(digest + f"[{', '.join(row)}]".encode()).digest()
    return digest.hex()


def json_batches(file: BinaryIO) -> Iterator[str]:
    """Yield the rows of a file as JSON arrays of a few thousand objects."""
    for table in _row_groups(file):
        for batch in table.to_batches(max_chunksize=_RESTORED_AT_ONCE):
            yield to_json(batch.to_pylist()).decode()


def _blocks(lines: Iterable[bytes]) -> Iterator[bytes]:
    block: list[bytes] = []
    size = 0
    for line in lines:
        block.append(bytes(line))
        size += len(line)
        if size >= _BLOCK_BYTES:
            yield b"".join(block)
            block.clear()
            size = 0
    if block:
        yield b"".join(block)


def _parsed(block: bytes) -> Any:
    csv = _arrow("pyarrow.csv")
    return csv.read_csv(
        _arrow("pyarrow").BufferReader(block),
        read_options=csv.ReadOptions(column_names=list(COLUMNS), block_size=len(block) + 1),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=_schema(),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def _row_groups(file: BinaryIO) -> Iterator[Any]:
    pyarrow, parquet = _arrow("pyarrow"), _arrow("pyarrow.parquet")
    try:
        with parquet.ParquetFile(file) as reader:
            if not reader.schema_arrow.equals(_schema()):
                raise _differs("its columns are others")
            for number in range(reader.num_row_groups):
                yield reader.read_row_group(number)
    except (pyarrow.ArrowException, OSError) as error:
        raise _differs(str(error)) from error


def _json_texts(column: Any, name: str) -> list[str]:
    """Return the values of a column as Postgres writes them in JSON; times as microseconds."""
    values = column.cast("int64") if COLUMNS[name].startswith("timestamp") else column
    to_text = _JSON.get(name, encode_basestring if COLUMNS[name] == "string" else str)
    return ["null" if value is None else to_text(value) for value in values.to_pylist()]


def _is_rising(ids: Any) -> Any:
    return _arrow("pyarrow.compute").less(ids.slice(0, len(ids) - 1), ids.slice(1))


@cache
def _schema() -> Any:
    pyarrow = _arrow("pyarrow")
    types = {
        "string": pyarrow.string(),
        "int32": pyarrow.int32(),
        "int64": pyarrow.int64(),
        "timestamp[us, UTC]": pyarrow.timestamp("us", "UTC"),
    }
    return pyarrow.schema([(name, types[kind]) for name, kind in COLUMNS.items()])


def _arrow(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise InvalidInput(
            "packages of archives are not installed",
            reason="missing_packages",
            detail="pyarrow",
            hint="pip install 'pylayer-pg[archive]' (in a clone: make setup)",
        ) from error


def _differs(detail: str) -> Conflict:
    return Conflict("the archive is not what was recorded", reason="archive_differs", detail=detail)
