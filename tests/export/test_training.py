"""Training data: files of a day each, the same bytes every time, whatever happens meanwhile."""

from __future__ import annotations

import csv
import functools
import hashlib
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import ClientCursor, Connection
from ulid import ULID

import pylayer
from pylayer.blobs import BlobStore
from pylayer.calls import call_sql
from pylayer.config import Settings
from pylayer.errors import Conflict, Gone, InvalidInput, PylayerError, Retryable
from pylayer.export import KINDS, export_training
from tests.blobs.memory import growth_mib
from tests.events.samples import step, ulid_at
from tests.waiting import wait_until

FORMATS = ("csv", "jsonl", "parquet")
TODAY = datetime.now(UTC).date()
DAYS = [TODAY - timedelta(days=n) for n in (3, 2, 1)]
ODD = 'comma, "quote", \\backslash\\, tab\t, line\nbreak\r\n, \\., é漢🎉'


def at(day: date, hour: int = 12) -> str:
    return ulid_at(datetime(day.year, day.month, day.day, hour, tzinfo=UTC))


def events() -> list[dict[str, Any]]:
    payload = {"step_name": ODD, "status": "succeeded", "duration_ms": 1.5, "cost_usd_est": 0.1}
    return [
        step(at(DAYS[0]), payload=payload, agent_role="", metadata={"note": ODD}),
        step(at(DAYS[0], 13), item_id=None, run_id=ODD),
        step(at(DAYS[1])),
        step(at(DAYS[1], 0), ts=f"{DAYS[0]}T23:59:59.999999Z"),
        step(at(DAYS[2]), event_name="workflow.flow_issue", payload={"issue_type": "x", "impact": "low"}),
    ]


@pytest.fixture
def stored(client: pylayer.Client) -> list[dict[str, Any]]:
    client.events.ingest_many(events())
    return [event.model_dump() for event in client.events.query()]


@pytest.fixture
def analyst(settings: Settings, dsn: str) -> Settings:
    return settings.model_copy(
        update={
            "database_url": Settings(DATABASE_URL=f"{dsn}?options=-c%20role%3Dpylayer_analyst").database_url
        }
    )


def export(settings: Settings, out: Path | str, kind: str = "agent_events", **more: Any) -> Any:
    return export_training(settings, kind, DAYS[0], TODAY, out=str(out), **more)


def folder(out: Path, kind: str = "agent_events") -> Path:
    return out / "data/training" / kind


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}


def read(file: Path) -> list[dict[str, Any]]:
    """The rows of a file, each value as JSON would have it."""
    match file.suffix:
        case ".csv":
            with file.open(newline="", encoding="utf-8") as lines:
                return [{k: v for k, v in row.items() if v} for row in csv.DictReader(lines)]
        case ".jsonl":
            lines = file.read_text("utf-8").split("\n")
            assert lines.pop() == ""
            return [json.loads(line) for line in lines]
        case _:
            parquet = pytest.importorskip("pyarrow.parquet")
            return parquet.read_table(file).to_pylist()


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_file_a_day_holds_its_events(
    analyst: Settings, stored: list[dict[str, Any]], tmp_path: Path, file_format: Any
) -> None:
    done = export(analyst, tmp_path, file_format=file_format)
    assert (done.files, done.written, done.rows) == (3, 3, 5)
    for day, expected in zip(DAYS, [[0, 1, 2], [3], [4]], strict=True):
        found = read(folder(tmp_path) / f"agent_events_{day}.{file_format}")
        wanted = [stored[n] for n in expected]
        assert [row["event_id"] for row in found] == [event["event_id"] for event in wanted]
        for row, event in zip(found, wanted, strict=True):
            for name in ("event_name", "run_id", "item_id", "agent_role"):
                empty = event[name] is None or (event[name] == "" and file_format == "csv")
                assert row.get(name) == (None if empty else event[name]), name
            for name in ("payload", "metadata"):
                value = row.get(name)
                assert (json.loads(value) if isinstance(value, str) else value) == event[name], name
            moment = row["ts"] if isinstance(row["ts"], datetime) else datetime.fromisoformat(row["ts"])
            assert moment == event["ts"]
            assert int(row["event_version"]) == 1


def test_csv_tells_an_empty_text_from_none(
    settings: Settings, stored: list[dict[str, Any]], tmp_path: Path
) -> None:
    export(settings, tmp_path, file_format="csv")
    first = (folder(tmp_path) / f"agent_events_{DAYS[0]}.csv").read_text("utf-8").split("\n")
    assert ',INFR-001,,"",,' in first[1]


def test_parquet_columns_are_typed(settings: Settings, stored: list[dict[str, Any]], tmp_path: Path) -> None:
    export(settings, tmp_path, "workflow_data", file_format="parquet")
    [first, *_] = read(folder(tmp_path, "workflow_data") / f"workflow_data_{DAYS[0]}.parquet")
    assert (first["duration_ms"], first["cost_usd_est"], first["input_tokens"]) == (1.5, 0.1, None)
    assert first["ts"].tzinfo is not None


def test_workflow_data_holds_steps_only_by_their_facts(
    settings: Settings, stored: list[dict[str, Any]], tmp_path: Path
) -> None:
    done = export(settings, tmp_path, "workflow_data")
    assert done.rows == 4
    [first, *_] = read(folder(tmp_path, "workflow_data") / f"workflow_data_{DAYS[0]}.jsonl")
    assert (first["step_name"], first["status"], first["duration_ms"]) == (ODD, "succeeded", 1.5)
    assert read(folder(tmp_path, "workflow_data") / f"workflow_data_{DAYS[2]}.jsonl") == []


@pytest.mark.parametrize("file_format", FORMATS)
def test_the_manifest_names_every_file(
    settings: Settings, stored: list[dict[str, Any]], tmp_path: Path, file_format: Any
) -> None:
    done = export(settings, tmp_path, file_format=file_format)
    manifest = json.loads(Path(done.manifest).read_text())
    assert manifest["schema_version"] == 1
    assert manifest["query"].startswith("copy (")
    assert manifest["columns"][0] == {"name": "event_id", "type": "text"}
    assert manifest["rows"] == 5
    for entry, ids in zip(manifest["files"], [stored[:3], stored[3:4], stored[4:]], strict=True):
        body = (folder(tmp_path) / entry["path"]).read_bytes()
        assert (entry["size_bytes"], entry["content_hash"]) == (len(body), hashlib.sha256(body).hexdigest())
        assert (entry["rows"], entry["min_id"], entry["max_id"]) == (
            len(ids),
            ids[0]["event_id"],
            ids[-1]["event_id"],
        )


@pytest.mark.parametrize("file_format", FORMATS)
def test_the_same_export_again_is_byte_equal(
    settings: Settings, client: pylayer.Client, stored: list[dict[str, Any]], tmp_path: Path, file_format: Any
) -> None:
    def meanwhile(day: date, _rows: int) -> None:
        client.events.ingest_many([step(at(each, 1)) for each in DAYS])

    assert export(settings, tmp_path / "one", file_format=file_format, progress=meanwhile).rows == 5
    before = contents(folder(tmp_path / "one"))
    folder(tmp_path / "two").mkdir(parents=True)
    state = f"_state_{file_format}.json"
    shutil.copy(folder(tmp_path / "one") / state, folder(tmp_path / "two") / state)

    assert export(settings, tmp_path / "one", file_format=file_format).written == 0
    assert export(settings, tmp_path / "two", file_format=file_format).written == 3
    assert contents(folder(tmp_path / "one")) == before == contents(folder(tmp_path / "two"))
    assert export(settings, tmp_path / "three", file_format=file_format).rows > 5


def test_what_is_committed_before_is_in_it_whatever_is_open(
    settings: Settings, client: pylayer.Client, dsn: str, tmp_path: Path
) -> None:
    """An older transaction could still add events below those that are committed."""
    with psycopg.connect(dsn) as late:
        late.execute("select telemetry.ingest_event(%s::jsonb)", [json.dumps(step(at(DAYS[0], 1)))])
        client.events.ingest_many(events())
        refused(lambda: export(settings, tmp_path, wait=0.0), Retryable, "horizon_held_back")
        assert not folder(tmp_path).exists()
        with ThreadPoolExecutor() as pool, psycopg.connect(dsn, autocommit=True) as watch:
            exporting = pool.submit(export, settings, tmp_path)
            asked = (
                "select true from pg_stat_activity where datname = current_database() "
                "and query like '%telemetry.snapshot_horizon%' and pid <> pg_backend_pid()"
            )
            wait_until(lambda: watch.execute(asked.encode()).fetchone())
            assert not exporting.done()
            late.commit()
            assert exporting.result(timeout=60).rows == 6


def test_another_range_adds_its_days(
    settings: Settings, client: pylayer.Client, stored: list[dict[str, Any]], tmp_path: Path
) -> None:
    export_training(settings, "agent_events", DAYS[0], DAYS[2], out=str(tmp_path))
    before = contents(folder(tmp_path))
    client.events.ingest_many([step(at(day, 1)) for day in DAYS])
    done = export_training(settings, "agent_events", DAYS[1], TODAY, out=str(tmp_path))
    assert (done.files, done.written, done.rows) == (2, 1, 3)
    after = contents(folder(tmp_path))
    for day in DAYS[:2]:
        assert before[f"agent_events_{day}.jsonl"] == after[f"agent_events_{day}.jsonl"]
    manifest = json.loads(Path(done.manifest).read_text())
    assert [entry["day"] for entry in manifest["files"]] == [str(day) for day in DAYS]


KILLED = """
import os, signal, sys
from datetime import date
from pylayer.config import Settings
from pylayer.export import KINDS, export_training
def progress(day, rows):
    if (str(day), rows) == (sys.argv[4], int(sys.argv[5])):
        os.kill(os.getpid(), signal.SIGKILL)
start, end = map(date.fromisoformat, sys.argv[2:4])
export_training(Settings.load(), "agent_events", start, end, out=sys.argv[1], progress=progress)
"""


@pytest.mark.parametrize("point", [(DAYS[0], 0), (DAYS[0], 3), (DAYS[1], 0), (DAYS[2], 1)])
def test_killed_and_resumed(
    settings: Settings,
    client: pylayer.Client,
    stored: list[dict[str, Any]],
    tmp_path: Path,
    point: tuple[date, int],
) -> None:
    arguments = [str(tmp_path / "one"), *map(str, (DAYS[0], TODAY, *point))]
    dsn = settings.require_database_url()
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments], env={"DATABASE_URL": dsn}, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    session = (  # the server notices its end a little later, and holds its lock until then
        "select from pg_locks as l join pg_database as d on d.oid = l.database "
        "where l.locktype = 'advisory' and d.datname = current_database()"
    )
    with psycopg.connect(dsn, autocommit=True) as watch:
        wait_until(lambda: watch.execute(session).fetchone() is None)
    found = contents(folder(tmp_path / "one"))
    assert "_manifest_jsonl.json" not in found
    client.events.ingest_many([step(at(each, 1)) for each in DAYS])

    done = export(settings, tmp_path / "one")
    assert done.rows == 5, "the horizon of the killed run holds"
    after = contents(folder(tmp_path / "one"))
    complete = json.loads(found["_state_jsonl.json"])["days"]
    assert done.written == sum(entry["file"] is None for entry in complete.values())
    assert ".partial" not in after


@pytest.mark.parametrize(
    "damage", [lambda file: file.write_bytes(b"x"), Path.unlink], ids=["damaged", "gone"]
)
def test_a_file_that_is_not_what_was_written_is_written_again(
    settings: Settings, stored: list[dict[str, Any]], tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    export(settings, tmp_path)
    before = contents(folder(tmp_path))
    damage(folder(tmp_path) / f"agent_events_{DAYS[1]}.jsonl")
    assert export(settings, tmp_path).written == 1
    assert contents(folder(tmp_path)) == before


def test_events_that_are_gone_are_noticed(
    settings: Settings, stored: list[dict[str, Any]], conn: Connection[Any], tmp_path: Path
) -> None:
    export(settings, tmp_path)
    file = folder(tmp_path) / f"agent_events_{DAYS[1]}.jsonl"
    file.unlink()
    conn.execute("alter table telemetry.workflow_events disable trigger all")
    conn.execute("set session_replication_role = replica")
    for table in conn.execute(
        "select relid::text as name from pg_partition_tree('telemetry.workflow_events') where isleaf"
    ).fetchall():
        conn.execute(f"alter table {table['name']} disable trigger all")
    conn.execute("delete from telemetry.workflow_events where event_id = %s", [stored[3]["event_id"]])
    refused(lambda: export(settings, tmp_path), Conflict, "export_differs")
    assert not file.exists()


def test_into_a_bucket(
    settings: Settings, client: pylayer.Client, stored: list[dict[str, Any]], tmp_path: Path
) -> None:
    bucket = settings.model_copy(update={"s3_bucket": f"training-{ULID()}".lower()})
    blobs = BlobStore.from_settings(bucket)
    blobs.make_bucket()
    out = f"s3://{bucket.s3_bucket}/some/prefix/"
    done = export(settings, out)
    assert done.manifest == (
        f"s3://{bucket.s3_bucket}/some/prefix/data/training/agent_events/_manifest_jsonl.json"
    )
    prefix = "some/prefix/data/training/agent_events"
    export(settings, tmp_path)
    names = [f"agent_events_{day}.jsonl" for day in DAYS]
    before = {name: blobs.get(f"{prefix}/{name}").read() for name in names}
    assert before == {name: (folder(tmp_path) / name).read_bytes() for name in names}

    assert export(settings, out).written == 0
    blobs.put(f"{prefix}/{names[0]}", b"x")
    blobs.delete(f"{prefix}/{names[1]}")
    client.events.ingest(step(at(DAYS[0], 1)))
    assert export(settings, out).written == 2
    assert {name: blobs.get(f"{prefix}/{name}").read() for name in names} == before


def test_two_exports_to_one_place_take_turns(
    settings: Settings, stored: list[dict[str, Any]], tmp_path: Path
) -> None:
    def meanwhile(_day: date, _rows: int) -> None:
        refused(lambda: export(settings, tmp_path), Retryable, "export_running")

    export(settings, tmp_path, progress=meanwhile)
    export(settings, tmp_path)


def test_what_can_not_be_exported(
    settings: Settings, stored: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(lambda: export(settings, tmp_path, "other"), InvalidInput, "unknown_type")
    refused(
        lambda: export_training(settings, "agent_events", TODAY, TODAY, out=str(tmp_path)),
        InvalidInput,
        "invalid_range",
    )
    today = datetime.now(UTC).date()  # not TODAY, which may be yesterday by now
    for start, end in ((today + timedelta(days=1), today), (DAYS[0], today + timedelta(days=2))):
        refused(
            functools.partial(export_training, settings, "agent_events", start, end, out=str(tmp_path)),
            InvalidInput,
            "invalid_range",
        )
    assert not list(tmp_path.iterdir()), "no day that has not begun is kept as an empty one"
    refused(lambda: export(settings, "s3://"), InvalidInput, "bad_destination")
    old = TODAY - timedelta(days=400)
    dropped = lambda **more: export_training(settings, "agent_events", old, TODAY, out=str(tmp_path), **more)  # noqa: E731
    refused(dropped, Gone, "below_retention_floor")
    assert dropped(below_floor=True).rows == 5
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    refused(lambda: export(settings, tmp_path, file_format="parquet"), InvalidInput, "missing_packages")


def test_a_folder_of_other_columns_is_refused(
    settings: Settings, stored: list[dict[str, Any]], tmp_path: Path
) -> None:
    export(settings, tmp_path)
    state = folder(tmp_path) / "_state_jsonl.json"
    text = state.read_text()
    state.write_text(text.replace('"schema_version": 1', '"schema_version": 9'))
    refused(lambda: export(settings, tmp_path), Conflict, "other_schema_version")
    state.write_text(text[:-9])
    refused(lambda: export(settings, tmp_path), Conflict, "damaged_state")


@pytest.mark.parametrize("file_format", FORMATS)
def test_memory_does_not_grow_with_the_data(
    client: pylayer.Client, settings: Settings, tmp_path: Path, file_format: str
) -> None:
    """A day of 96 MiB takes no more than one of 32 MiB, a few blocks of 8 MiB."""
    payload = {"issue_type": "x" * 500_000, "impact": "low"}
    for day, hour in ((DAYS[1], 1), (DAYS[0], 1), (DAYS[0], 2), (DAYS[0], 3)):
        batch = [step(at(day, hour), event_name="workflow.flow_issue", payload=payload) for _ in range(64)]
        client.events.ingest_many(batch)
    code = f"""
from datetime import date, timedelta
from pylayer.config import Settings
from pylayer.export import KINDS, export_training
def rows(day):
    start = date.fromisoformat(day)
    out, settings = {str(tmp_path)!r}, Settings(DATABASE_URL={settings.require_database_url()!r})
    end = start + timedelta(days=1)
    return export_training(settings, "agent_events", start, end, file_format={file_format!r}, out=out).rows
assert rows("{DAYS[1]}") == 64
baseline()
assert rows("{DAYS[0]}") == 192
"""
    assert growth_mib(code) < 48


def test_the_rows_of_a_day_are_told(
    settings: Settings, client: pylayer.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pylayer.export.copying._TELL_EVERY", 2)
    client.events.ingest_many(events())
    told: list[tuple[date, int]] = []
    export(settings, tmp_path, progress=lambda day, rows: told.append((day, rows)))
    a, b, c = DAYS
    assert told == [(a, 0), (a, 2), (a, 3), (b, 0), (b, 1), (c, 0), (c, 1)]


@pytest.mark.parametrize("kind", [kind.function for kind in KINDS.values() if kind.source == "events"])
def test_rows_are_streamed_from_the_primary_key_of_the_months_that_matter(
    conn: Connection[Any], kind: str
) -> None:
    """A function that is called would keep all rows first; a sort would read all before the first."""
    names = ("p_from", "p_to", "p_epoch", "p_xid")
    start = datetime(TODAY.year, TODAY.month, 1, tzinfo=UTC) + timedelta(days=10)
    params = dict(zip(names, (start, start + timedelta(days=1), 1, 1), strict=True))
    conn.execute("set enable_sort = off")
    explained = ClientCursor(conn).mogrify(f"explain (analyze, costs off) {call_sql(kind, names)}", params)
    plan = "\n".join(row["QUERY PLAN"] for row in conn.execute(explained.encode()))
    assert "Function Scan" not in plan
    assert "Sort" not in plan
    read = [line for line in plan.split("\n") if "Scan using" in line and "never executed" not in line]
    assert len(read) == 1, plan
    assert f"workflow_events_p{start:%Y%m%d}"[:-2] in read[0]


def refused(run: Callable[[], object], kind: type[PylayerError], reason: str) -> PylayerError:
    with pytest.raises(kind) as error:
        run()
    assert error.value.reason == reason
    return error.value
