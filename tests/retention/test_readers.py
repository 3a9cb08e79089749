"""Archives are plain Hive-partitioned Parquet: other engines read them in place and get Postgres' numbers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import pylayer
from tests.events.samples import month_start, step, ulid_at
from tests.horizon import wait_for_horizon
from tests.retention.support import Old, months_task

# One question in each dialect: by month and item, events, runs, bounds of time, a sum from the payload.
POSTGRES = """
select
  to_char(core.ulid_time(event_id) at time zone 'UTC', 'YYYY-MM') as month, item_id, count(*) as events,
  count(distinct run_id) as runs,
  extract(epoch from min(ts))::float8 as first, extract(epoch from max(ts))::float8 as last,
  sum((payload ->> 'duration_ms')::float8) as ms, sum(recorded_xid)::bigint as xids
from telemetry.workflow_events where event_id < telemetry.retention_floor()
group by 1, 2 order by 1, 2
"""
DUCKDB = """
select
  month, item_id, count(*), count(distinct run_id), epoch(min(ts)), epoch(max(ts)),
  sum((payload ->> 'duration_ms')::double), sum(recorded_xid)::bigint
from read_parquet(?, hive_partitioning = true, hive_types = {'month': varchar})
group by 1, 2 order by 1, 2
"""
SPARK = """
import json, sys
from pyspark.sql import SparkSession
spark = (
    SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    .config("spark.sql.session.timeZone", "UTC").config("spark.driver.host", "127.0.0.1")
    .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false").getOrCreate()
)
spark.read.parquet(sys.argv[1]).createOrReplaceTempView("events")
found = spark.sql('''
  select
    month, item_id, count(*), count(distinct run_id), double(min(ts)), double(max(ts)),
    sum(double(get_json_object(payload, '$.duration_ms'))), sum(recorded_xid)
  from events group by 1, 2 order by 1, 2
''').collect()
print("FOUND", json.dumps([list(row) for row in found]))
spark.stop()
"""


@pytest.fixture
def expected(client: pylayer.Client, archiving: Old) -> list[tuple[Any, ...]]:
    """What Postgres says of two months; one has an event in its first and one in its last millisecond."""
    archiving.conn.execute("update core.settings set retention_days = 90")
    client.events.open_backfill(month_start(-3), month_start(-2))
    client.events.ingest_many([step(ulid_at(month_start(-3)), item_id="first"), step(ulid_at(month_start()))])
    client.events.ingest(step(ulid_at(month_start(-2) - timedelta(milliseconds=1)), item_id="second"))
    archiving.conn.execute("update core.settings set retention_days = 1")
    client.retention.raise_floor()
    wait_for_horizon(archiving.conn)
    return [tuple(row.values()) for row in archiving.conn.execute(POSTGRES)]


@pytest.fixture
def folder(client: pylayer.Client, expected: list[Any], tmp_path: Path) -> Path:
    """The archives as a local directory, the months dropped."""
    months_task(client)
    for archive in client.archives.list():
        path = tmp_path / archive.storage_key
        path.parent.mkdir(parents=True)
        with client.blobs.get(archive.storage_key) as stream:
            path.write_bytes(stream.read())
    assert client.events.query(item_id="first") == []
    return tmp_path / "archives" / "workflow_events"


def test_duckdb(folder: Path, expected: list[tuple[Any, ...]]) -> None:
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as connection:
        found = connection.execute(DUCKDB, [f"{folder}/*/*.parquet"]).fetchall()
    assert_same(found, expected)


@pytest.mark.slow
def test_spark(folder: Path, expected: list[tuple[Any, ...]]) -> None:
    if find_spec("pyspark") is None or shutil.which("java") is None:
        pytest.skip("PySpark or Java is not installed; run: pip install 'pylayer-pg[spark]'")
    done = subprocess.run(
        [sys.executable, "-c", SPARK, str(folder)], capture_output=True, text=True, check=False, timeout=300
    )
    answers = [line.removeprefix("FOUND ") for line in done.stdout.splitlines() if line.startswith("FOUND ")]
    assert answers, done.stderr
    assert_same([tuple(row) for row in json.loads(answers[0])], expected)


def assert_same(found: list[tuple[Any, ...]], expected: list[tuple[Any, ...]]) -> None:
    assert len(found) == len(expected) >= 4
    for mine, other in zip(found, expected, strict=True):
        assert mine[:4] == other[:4]
        assert mine[4:7] == pytest.approx(other[4:7], rel=1e-12)
        assert mine[7] == other[7]
