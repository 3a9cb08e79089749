"""The file of a month: what goes in comes out, in order, within bounded memory."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from collections.abc import Iterable

import pytest

from pylayer.archive import parquet
from pylayer.errors import Conflict

ULID = "01ARZ3NDEKTSV4RRFFQ69G5F{:02}"
MEMORY = """
import os, resource, sys, tempfile
from pylayer.archive import parquet
parquet._BLOCK_BYTES = 2**21
rows = int(sys.argv[1])
text = os.urandom(2**19).hex()
def lines():
    for n in range(rows):
        payload = '"{""text"": ""%s""}"' % text[n * 7 % 2**19 :n * 7 % 2**19 + 1000]
        yield f"{n:026},1,a.b,2026-01-31 00:00:00.5+00,,,,,{payload},,,2026-01-31 00:00:00+00,1,1\\n".encode()
with tempfile.TemporaryFile() as file:
    assert parquet.write_parquet(lines(), file).rows == rows
    assert parquet.read_contents(file).rows == rows
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def line(number: int, payload: str = "{}", run_id: str = "") -> bytes:
    return (
        f"{ULID.format(number)},1,a.b,2026-01-31 12:00:00.123456+00,{run_id},,,,{payload},,,"
        "2026-01-31 00:00:00+00,2,9007199254740993\n"
    ).encode()


def test_values_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow.parquet

    monkeypatch.setattr(parquet, "_BLOCK_BYTES", 200)
    file = io.BytesIO()
    lines = [line(1), line(2, '"{""a"": 1e400}"', '""'), line(3, "{}", '"a,\n""b"""'), line(4)]
    assert parquet.write_parquet(lines, file) == parquet.Contents(4, ULID.format(1), ULID.format(4))
    assert parquet.read_contents(file) == parquet.Contents(4, ULID.format(1), ULID.format(4))
    chain = hashlib.sha256()
    for number, run_id, payload in (
        (1, "null", "{}"),
        (2, '""', '{"a": 1e400}'),
        (3, r'"a,\n\"b\""', "{}"),
        (4, "null", "{}"),
    ):
        row = (
            f'["{ULID.format(number)}", 1, "a.b", 1769860800123456, {run_id}, null, null, null, {payload}, '
            "null, null, 1769817600000000, 2, 9007199254740993]"
        )
        chain = hashlib.sha256(chain.digest() + row.encode())
    assert parquet.rows_digest(file) == chain.hexdigest()
    table = pyarrow.parquet.read_table(file)
    assert pyarrow.parquet.ParquetFile(file).num_row_groups == 2
    assert table.column("run_id").to_pylist() == [None, "", 'a,\n"b"', None]
    assert table.column("payload").to_pylist()[1] == '{"a": 1e400}'
    assert table.column("recorded_xid").to_pylist()[0] == 9007199254740993
    assert table.column("ts").to_pylist()[0].isoformat() == "2026-01-31T12:00:00.123456+00:00"


def test_a_line_longer_than_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_BLOCK_BYTES", 10)
    file = io.BytesIO()
    assert parquet.write_parquet([line(1, '"' + "x" * 3_000_000 + '"'), line(2)], file).rows == 2
    assert parquet.read_contents(file).rows == 2


@pytest.mark.parametrize("block", [10, 10_000])
@pytest.mark.parametrize("numbers", [(2, 1, 3), (1, 2, 2)])
def test_ids_that_are_out_of_order_are_refused(
    monkeypatch: pytest.MonkeyPatch, numbers: tuple[int, ...], block: int
) -> None:
    monkeypatch.setattr(parquet, "_BLOCK_BYTES", block)
    with pytest.raises(Conflict) as caught:
        _write_and_read(map(line, numbers))
    assert caught.value.reason == "archive_differs"


def _write_and_read(lines: Iterable[bytes]) -> None:
    file = io.BytesIO()
    parquet.write_parquet(lines, file)
    parquet.read_contents(file)


def test_memory_does_not_grow_with_the_month() -> None:
    small, large = (
        int(subprocess.run([sys.executable, "-c", MEMORY, rows], check=True, capture_output=True).stdout)
        for rows in ("10000", "100000")
    )
    assert large < small + 40 * 1024  # of 100 MB of lines, f"{small} KiB, {large} KiB"
