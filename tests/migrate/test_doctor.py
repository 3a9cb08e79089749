"""Doctor on the real schema: sound when fresh, and each kind of damage is named."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import psycopg
import pytest
import typer
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner

from pylayer.cli.database import register
from pylayer.config import Settings
from pylayer.doctor import Check, diagnose
from pylayer.migrate import migrate

from .toy import Toy

STORAGE = "object storage"  # none is configured here


@pytest.fixture
def dsn(make_database: Callable[[], str]) -> str:
    made = make_database()
    migrate(made)
    return made


@pytest.fixture
def damaged(dsn: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def examine(dsn: str) -> dict[str, Check]:
    return {check.name: check for check in diagnose(Settings(DATABASE_URL=dsn))}


def test_fresh_schema_is_sound(dsn: str) -> None:
    found = examine(dsn)
    assert {name: check.detail for name, check in found.items() if check.status != "ok"}.keys() <= {STORAGE}
    assert {"guard triggers", "months ahead", "function drift", "migrations", "table owners"} <= found.keys()


DROP_LAST = """
do $$ begin execute (
  select 'drop table ' || max(inhrelid::regclass::text)
  from pg_inherits where inhparent = 'telemetry.workflow_events'::regclass
); end $$;
"""
UNGUARD_LAST = DROP_LAST.replace("drop table", "drop trigger workflow_events_keep_all on")


@pytest.mark.parametrize(
    ("damage", "check", "in_detail"),
    [
        ("alter function core.current_epoch() volatile cost 7", "function drift", "core.current_epoch"),
        ("grant execute on function telemetry.ingest_events to public", "function drift", "ingest_events"),
        ("drop function telemetry.events_between", "function drift", "events_between"),
        (
            "delete from core.schema_files where path = 'functions/core/current_epoch.sql'",
            "function files",
            "current",
        ),
        ("update core.schema_files set sha256 = repeat('0', 64) where path ~ '0001'", "migrations", "0001"),
        (
            "alter table core.schema_files owner to pylayer_api",
            "table owners",
            "pylayer_api owns core.schema_files",
        ),
        ("update partman.part_config set retention = '1 year'", "pg_partman", "1 year"),
        ("update partman.part_config set infinite_time_partitions = false", "pg_partman", "infinite"),
        ("delete from partman.part_config", "pg_partman", "no configuration"),
        (DROP_LAST * 2, "months ahead", "-"),
        (
            "create table telemetry.rest partition of telemetry.workflow_events default",
            "default partition",
            "telemetry.rest",
        ),
        (
            "create table telemetry.odd partition of telemetry.workflow_events for values "
            "from ('00000000000000000000000000') to ('00000000010000000000000000')",
            "partition bounds",
            "telemetry.odd",
        ),
        (
            "alter table telemetry.workflow_events enable trigger workflow_events_append_only",
            "guard triggers",
            "telemetry.workflow_events lets DELETE, UPDATE through",
        ),
        (UNGUARD_LAST, "guard triggers", "lets TRUNCATE through"),
        (
            "alter table work.artifact_versions disable trigger artifact_versions_keep",
            "guard triggers",
            "work.artifact_versions lets DELETE through",
        ),
        (
            "alter table work.item_transitions disable trigger item_transitions_immutable",
            "guard triggers",
            "work.item_transitions lets DELETE, UPDATE through",
        ),
    ],
)
def test_damage_is_named(
    dsn: str, damaged: psycopg.Connection[tuple[object, ...]], damage: str, check: str, in_detail: str
) -> None:
    damaged.execute("set session_replication_role = replica")
    damaged.execute(damage.encode())
    found = examine(dsn)
    assert found[check].status == "fail"
    assert in_detail in found[check].detail
    assert found[check].fix
    unsound = {name for name, item in found.items() if item.status == "fail"} - {STORAGE, check}
    assert unsound <= {"function drift"}


def test_missing_event_trigger_is_a_warning(
    dsn: str, damaged: psycopg.Connection[tuple[object, ...]]
) -> None:
    damaged.execute("drop event trigger pylayer_guard_partitions")
    assert examine(dsn)["partitions made by hand"].status == "warn"


def test_default_time_zone_is_noted(dsn: str, damaged: psycopg.Connection[tuple[object, ...]]) -> None:
    damaged.execute(f"alter database {conninfo_to_dict(dsn)['dbname']} set timezone = 'Asia/Tokyo'".encode())
    zone = examine(dsn)["time_zone"]
    assert (zone.status, zone.detail) == ("warn", "Asia/Tokyo")


def test_older_schema_is_named(dsn: str) -> None:
    migrate(dsn, to=1)
    assert examine(dsn)["migrations"].status == "fail"


def test_empty_database_is_named_and_unchanged(make_database: Callable[[], str]) -> None:
    dsn = make_database()
    found = examine(dsn)
    assert found["migrations"].status == "fail"
    assert found["extension pg_partman"].status == "fail"
    with psycopg.connect(dsn) as connection:
        made = connection.execute("select count(*) from pg_class where relnamespace = 'public'::regnamespace")
        assert made.fetchone() == (0,)


def test_server_that_is_away() -> None:
    found = examine("postgresql://127.0.0.1:1/none?connect_timeout=2")
    assert {name: check.status for name, check in found.items()} == {"server": "fail", STORAGE: "fail"}


def test_unreachable_storage_fails(dsn: str) -> None:
    assert examine(dsn)[STORAGE].status == "fail"


@pytest.fixture
def app(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    monkeypatch.setattr("pylayer.migrate.runner.default_db", lambda: toy.db)
    monkeypatch.setattr("pylayer.doctor.default_db", lambda: toy.db)
    monkeypatch.setenv("DATABASE_URL", toy.dsn)
    app = typer.Typer()
    register(app)
    return app


def run(app: typer.Typer, *arguments: str) -> tuple[int, dict[str, object]]:
    result = CliRunner().invoke(app, [*arguments, "--json"])
    return result.exit_code, json.loads(result.stdout)


def test_command_line(app: typer.Typer, toy: Toy) -> None:
    toy.write("seeds/01_notes.sql", "insert into core.notes values (1) on conflict do nothing; select 1;")
    assert run(app, "migrate", "--to", "1")[1]["version"] == 1
    assert run(app, "migrate")[1]["already_current"] is False
    assert run(app, "migrate")[1]["already_current"] is True
    assert run(app, "seed") == (0, {"loaded": ["seeds/01_notes.sql"]})
    assert run(app, "seed")[0] == 0
    assert toy.value("select count(*) from core.notes") == 1
    assert run(app, "rollback")[1]["version"] == 1
    assert run(app, "rollback", "--to", "0")[1]["version"] == 0


def test_doctor_exits_with_1_when_anything_fails(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["doctor", "--json"])
    assert result.exit_code == 1
    assert "fail" in {check["status"] for check in json.loads(result.stdout)}
    assert "migrations" in CliRunner().invoke(app, ["doctor"]).stdout
