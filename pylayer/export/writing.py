"""The file of a day, from COPY's lines, with flat memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from typing import Any, BinaryIO

from pylayer.errors import InvalidInput
from pylayer.export.kinds import Format, Kind
from pylayer.export.state import Column, Contents

__all__ = ["require_packages", "write_rows"]

_ID_LENGTH = 26
_BLOCK_BYTES = 8 * 2**20


def require_packages(file_format: Format) -> None:
    """Refuse to go on without what the format needs.

    Raises:
        InvalidInput: ``missing_packages``.
    """
    if file_format == "parquet":
        _arrow("pyarrow")


def write_rows(
    lines: Iterator[bytes], file: BinaryIO, kind: Kind, file_format: Format, columns: Sequence[Column]
) -> Contents:
    """Write the lines of a day to a file, and return what it holds.

    Args:
        lines: as COPY gives them for the format.
        file: a binary file at its start.
        kind: of the rows.
        file_format: of the file.
        columns: of the rows.
    """
    contents = Contents()
    if file_format == "parquet":
        _write_parquet(_counted(lines, contents, _id_at(kind, file_format)), file, columns)
        return contents
    if file_format == "csv":
        file.write(next(lines))
    for line in _counted(lines, contents, _id_at(kind, file_format)):
        file.write(line)
    return contents


def _id_at(kind: Kind, file_format: Format) -> int | None:
    """Return where in its line the id of a row begins."""
    if kind.id_column is None:
        return None
    return len(f'{{"{kind.id_column}":"') if file_format == "jsonl" else 0


def _counted(lines: Iterable[bytes], contents: Contents, id_at: int | None) -> Iterator[bytes]:
    line = b""
    for line in lines:
        if not contents.rows and id_at is not None:
            contents.min_id = _id(line, id_at)
        contents.rows += 1
        yield line
    if contents.rows and id_at is not None:
        contents.max_id = _id(line, id_at)


def _id(line: bytes, start: int) -> str:
    return line[start : start + _ID_LENGTH].decode()


def _write_parquet(lines: Iterable[bytes], file: BinaryIO, columns: Sequence[Column]) -> None:
    """Write a row group a block of lines: the same lines make the same groups, and so the same bytes."""
    schema = _schema(columns)
    with _arrow("pyarrow.parquet").ParquetWriter(file, schema, compression="zstd") as writer:
        for block in _blocks(lines):
            table = _parsed(block, schema)
            writer.write_table(table, row_group_size=len(table))


def _blocks(lines: Iterable[bytes]) -> Iterator[bytes]:
    block: list[bytes] = []
    size = 0
    for line in lines:
        block.append(line)
        size += len(line)
        if size >= _BLOCK_BYTES:
            yield b"".join(block)
            block.clear()
            size = 0
    if block:
        yield b"".join(block)


def _parsed(block: bytes, schema: Any) -> Any:
    csv = _arrow("pyarrow.csv")
    return csv.read_csv(
        _arrow("pyarrow").BufferReader(block),
        read_options=csv.ReadOptions(column_names=schema.names, block_size=len(block) + 1),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=schema, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    )


def _schema(columns: Sequence[Column]) -> Any:
    pyarrow = _arrow("pyarrow")
    types = {
        "int4": pyarrow.int32(),
        "int8": pyarrow.int64(),
        "numeric": pyarrow.float64(),
        "timestamptz": pyarrow.timestamp("us", "UTC"),
    }
    return pyarrow.schema([(c.name, types.get(c.type, pyarrow.string())) for c in columns])


def _arrow(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise InvalidInput(
            "Parquet needs packages that are not installed",
            reason="missing_packages",
            detail="pyarrow",
            hint="pip install 'pylayer-pg[archive]' (in a clone: make setup)",
        ) from error
