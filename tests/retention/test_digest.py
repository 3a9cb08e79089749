"""The digest of a month's rows: whoever brings back other rows than those that were archived is found out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

import pylayer
from pylayer.archive import parquet
from pylayer.archive.parquet import COLUMNS
from pylayer.maintenance import maintain
from tests.retention.conftest import EVENTS
from tests.retention.support import Old, months_task
from tests.waiting import wait_until

_WAIT = """
select waitstart from pg_locks
where not granted and mode = 'ShareUpdateExclusiveLock' and relation = 'telemetry.workflow_events'::regclass
"""


def reference(rows: list[dict[str, Any]]) -> str:
    """The digest as it is documented: archives of all times have it, so it never changes."""

    def text(row: dict[str, Any]) -> str:
        fields = [
            str(microseconds(value)) if isinstance(value, datetime)
            # both are texts of JSON already
            else value if key in ("payload", "metadata") and value is not None
            else json.dumps(value, ensure_ascii=False)
            for key, value in row.items()
        ]  # fmt: skip
        return f"[{', '.join(fields)}]"

    chain = hashlib.sha256()
    for row in rows:
        chain = hashlib.sha256(chain.digest() + text(row).encode())
    return chain.hexdigest()


def microseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def columns_in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: row[key] for key in COLUMNS} for row in rows]


def test_the_digest_is_what_it_is_documented_to_be(client: pylayer.Client, archiving: Old) -> None:
    rows = columns_in_order(archiving.rows())
    assert {type(row["metadata"]) for row in rows} == {str, type(None)}
    for settings in (
        "set timezone = 'Asia/Kathmandu'; set datestyle = 'German'",
        "set timezone = 'UTC'; set datestyle = 'ISO'; set enable_indexscan = off",
        "set lc_messages = 'C'; set standard_conforming_strings = on; set bytea_output = 'escape'",
    ):
        archiving.conn.execute(settings.encode())
        found = archiving.conn.execute(
            "select * from telemetry.month_digest(%s)", [archiving.table]
        ).fetchall()
        assert found == [
            {
                "rows": EVENTS,
                "min_event_id": rows[0]["event_id"],
                "max_event_id": rows[-1]["event_id"],
                "rows_hash": reference(rows),
            }
        ]
    months_task(client)
    assert archiving.value("select rows_hash from telemetry.archives") == reference(rows)


def test_a_file_that_holds_other_rows_keeps_the_month(
    client: pylayer.Client, archiving: Old, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bytes are those that were uploaded, but what wrote them took empty texts for nulls."""
    parsed = parquet._parsed  # pyright: ignore[reportPrivateUsage]

    def lossy(block: bytes) -> Any:
        return parsed(block.replace(b',"",', b",,"))

    monkeypatch.setattr(parquet, "_parsed", lossy)
    [months] = [report for report in maintain(client) if report.task == "months"]
    assert not months.ok
    assert len(archiving.rows()) == EVENTS
    assert client.archives.list()[0].verified_at is None
    monkeypatch.undo()
    assert months_task(client).done["dropped"] == [archiving.name]


_FORGERIES: dict[str, Callable[[list[dict[str, Any]]], object]] = {
    "a payload": lambda rows: rows[7].update(payload='{"step_name": "another"}'),
    "a scale": lambda rows: rows[7].update(payload=rows[7]["payload"].replace(".1}", ".10}")),
    "metadata": lambda rows: rows[7].update(metadata=None),
    "a null": lambda rows: rows[4].update(item_id=None),
    "a time": lambda rows: rows[7].update(ts=rows[8]["ts"]),
    "an author": lambda rows: rows[7].update(agent_role="somebody"),
    "an order": lambda rows: rows[7].update(recorded_xid=rows[7]["recorded_xid"] + 1),
    "an id": lambda rows: rows[7].update(event_id=rows[7]["event_id"][:-1] + "Z"),
    "two rows swapped": lambda rows: _swap(rows[7], rows[8]),
}


def _swap(one: dict[str, Any], other: dict[str, Any]) -> None:
    one["event_id"], other["event_id"] = other["event_id"], one["event_id"]


@pytest.mark.parametrize("what", _FORGERIES)
def test_a_forged_month_is_not_attached(client: pylayer.Client, archiving: Old, what: str) -> None:
    """As many rows, from the same first to the same last, by the calls that an admin may make."""
    rows, before = (json.loads(json.dumps(archiving.rows(), default=str)) for _ in range(2))
    months_task(client)
    _FORGERIES[what](rows)
    assert sorted(rows, key=lambda row: row["event_id"]) != before
    archiving.conn.execute("set role pylayer_admin")
    archiving.conn.execute("select telemetry.begin_restore(%s)", [archiving.month])
    archiving.conn.execute("select telemetry.restore_events(%s, %s)", [archiving.month, Jsonb(rows)])
    with pytest.raises(psycopg.Error) as caught:
        archiving.conn.execute("select telemetry.finish_restore(%s)", [archiving.month])
    assert (caught.value.sqlstate, caught.value.diag.constraint_name) == ("PT409", "archive_differs")
    archiving.conn.execute("reset role")
    assert archiving.rows() == []
    client.archives.restore(archiving.month)
    assert json.loads(json.dumps(archiving.rows(), default=str)) == before


@pytest.mark.parametrize("is_restored", [False, True])
def test_a_month_that_is_not_its_archive_stays(
    client: pylayer.Client, archiving: Old, is_restored: bool
) -> None:
    """As many rows as there were, one of them another: only the owner of the table gets past its triggers."""
    client.retention.raise_floor()
    if is_restored:
        months_task(client)
        client.archives.restore(archiving.month)
        archiving.conn.execute("update telemetry.retired_months set kept_until = now()")
    else:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("pylayer.retention.run.detach", _locked)
            assert f"{archiving.name} (locked)" in months_task(client).done["waiting"]
    forged = archiving.events[3]["event_id"]
    for statement in (
        f"alter table {archiving.table} disable trigger all",
        f"update {archiving.table} set run_id = 'another' where event_id = '{forged}'",
        f"alter table telemetry.workflow_events detach partition {archiving.table}",
    ):
        archiving.conn.execute(statement.encode())
    with pytest.raises(pylayer.Conflict) as caught:
        client.acting_as("pylayer_admin").retention.drop(archiving.month)
    assert caught.value.reason == "rows_differ"
    assert archiving.state() == "detached"


def _locked(*_: object) -> None:
    raise pylayer.Retryable("locked", code="55P03")


def test_an_archive_without_a_digest_still_serves(client: pylayer.Client, archiving: Old) -> None:
    """Those that were written before there was one: number and ids must do."""
    rows = archiving.rows()
    months_task(client)
    archiving.conn.execute("update telemetry.archives set rows_hash = null")
    client.archives.restore(archiving.month)
    assert archiving.rows() == rows
    archiving.conn.execute("update telemetry.retired_months set kept_until = now()")
    assert months_task(client).done["dropped"] == [archiving.name]


def test_only_the_last_step_of_a_restore_is_tried_again(
    client: pylayer.Client, archiving: Old, dsn: str
) -> None:
    """Somebody analyzes the table of events for longer than any lock is waited for."""
    rows = archiving.rows()
    months_task(client)
    seen: set[datetime] = set()

    def has_waited_twice() -> bool:
        seen.update(row["waitstart"] for row in archiving.conn.execute(_WAIT) if row["waitstart"])
        return len(seen) > 1

    with psycopg.connect(dsn) as busy, ThreadPoolExecutor(1) as pool:
        busy.execute("lock table telemetry.workflow_events in share update exclusive mode")
        restored = pool.submit(client.archives.restore, archiving.month)
        wait_until(has_waited_twice, 30)
        loaded = archiving.value("select to_regclass(%s)::oid", archiving.table)
        busy.rollback()
        restored.result(30)
    assert archiving.rows() == rows
    assert archiving.value("select to_regclass(%s)::oid", archiving.table) == loaded, "not loaded again"


def test_the_end_of_a_restore_may_be_asked_for_again(client: pylayer.Client, archiving: Old) -> None:
    """Its answer may be lost with the connection."""
    months_task(client)
    client.archives.restore(archiving.month, days=3)
    finish = "select telemetry.finish_restore(%s, 5)"
    assert archiving.value(finish, archiving.month) == client.archives.list()[0].kept_until
    assert archiving.value("select kept_until < now() + interval '3 days' from telemetry.retired_months")
