"""The pytest plugin, run by pytest in processes of their own."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict

import pylayer
from pylayer.config import Settings
from pylayer.testing.databases import Template, drop_all, with_database
from pylayer.testing.run import Run

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
# What each test of a child sees, a line each: its template, that one's oid, its database, its process.
SEEN = """
    import os, pathlib, psycopg, pytest
    from psycopg.conninfo import conninfo_to_dict

    def note(url, template):
        query = "select oid from pg_database where datname = %s"
        oid = template.connection.execute(query, [template.name]).fetchone()
        line = f"{template.name} {oid[0]} {conninfo_to_dict(url)['dbname']} {os.getpid()}"
        with open(pathlib.Path(__file__).parent / "seen.txt", "a") as file:
            file.write(line + "\\n")
"""


def seen(pytester: pytest.Pytester) -> list[list[str]]:
    return [line.split() for line in (pytester.path / "seen.txt").read_text().splitlines()]


def databases(conn: Connection[Any], prefix: str) -> list[str]:
    found = conn.execute("select datname from pg_database where starts_with(datname, %s)", [prefix])
    return [row["datname"] for row in found]


@pytest.fixture
def server(pytester: pytest.Pytester, dsn: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The server of ``DATABASE_URL``, for the children."""
    monkeypatch.setenv("DATABASE_URL", dsn)
    return dsn


def test_each_test_has_a_migrated_database_of_its_own(
    pytester: pytest.Pytester, server: str, conn: Connection[Any]
) -> None:
    pytester.makepyfile(
        SEEN
        + """
    @pytest.mark.parametrize("turn", range(6))
    def test_mine(pylayer_db, pylayer_template, turn):
        note(pylayer_db, pylayer_template)
        with psycopg.connect(pylayer_db) as connection:
            connection.execute("create table public.mark (turn int)")
            connection.execute("select ai.save_conversation('c')")
            assert connection.execute("select count(*) from ai.conversations").fetchone() == (1,)

    def test_client(pylayer_client, pylayer_db):
        assert pylayer_client.database_url == pylayer_db
        assert pylayer_client.conversations.save("c").message_count == 0
        assert pylayer_client.models.prices(), "the seeds are there, as after pylayer up"

    def test_async(pylayer_settings):
        import asyncio, pylayer
        async def main():
            async with await pylayer.connect_async(settings=pylayer_settings) as client:
                return await client.conversations.save("c")
        assert asyncio.run(main()).instance_id == "c"

    def test_template_is_closed(pylayer_template, pylayer_db):
        from pylayer.testing.databases import with_database
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(with_database(pylayer_db, pylayer_template.name))
    """
    )
    pytester.runpytest_subprocess("-p", "pylayer.testing", "-n", "2").assert_outcomes(passed=9)
    lines = seen(pytester)
    assert len({(template, oid) for template, oid, _, _ in lines}) == 1, "the workers share one template"
    assert len({pid for *_, pid in lines}) == 2
    assert len({database for _, _, database, _ in lines}) == 6
    assert databases(conn, lines[0][0]) == []
    assert conn.execute("select count(*) as n from ai.conversations").fetchone() == {"n": 0}


def test_nothing_remains_of_what_ends_badly(
    pytester: pytest.Pytester, server: str, conn: Connection[Any]
) -> None:
    pytester.makepyfile(
        SEEN
        + """
    import signal

    def test_left_open(pylayer_db, pylayer_template):
        note(pylayer_db, pylayer_template)
        psycopg.connect(pylayer_db).execute("select pg_current_xact_id()")
        assert False

    def test_killed(pylayer_db):
        os.kill(os.getpid(), signal.SIGKILL)
    """
    )
    result = pytester.runpytest_subprocess("-p", "pylayer.testing", "-n", "1")
    result.assert_outcomes(failed=2)
    [[template, *_]] = seen(pytester)
    assert databases(conn, template) == []


def test_without_a_server_one_is_started_and_ended(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    pytester.makepyfile(
        """
    import os, pathlib
    def test_blob(pylayer_client, pylayer_db):
        folder = pathlib.Path(__file__).parent
        (folder / "url.txt").write_text(pylayer_db)
        (folder / "home.txt").write_text(os.environ["PYLAYER_TESTING_HOME"])
        version = pylayer_client.artifacts.write(type="bundle", content=bytes(10**6))
        assert pylayer_client.artifacts.read(version.artifact_id) == bytes(10**6)
    """
    )
    pytester.runpytest_subprocess("-p", "pylayer.testing").assert_outcomes(passed=1)
    assert not Path((pytester.path / "home.txt").read_text()).exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect((pytester.path / "url.txt").read_text(), connect_timeout=5)


@pytest.mark.parametrize(
    ("free", "chosen", "folder"),
    [(2**40, None, "memory"), (2**30, None, "temporary"), (2**40, "temporary", "temporary")],
    ids=["room in memory", "no room", "a folder that was chosen"],
)
def test_a_run_is_in_memory_where_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, chosen: str | None, folder: str
) -> None:
    (tmp_path / "memory").mkdir()
    (tmp_path / "temporary").mkdir()
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(name, raising=False)
    if chosen:
        monkeypatch.setenv("TMPDIR", str(tmp_path / chosen))
    monkeypatch.setattr("pylayer.testing.run._MEMORY", tmp_path / "memory")
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    assert Run.new().home.parent == tmp_path / folder


def test_a_server_that_is_away_fails_the_test_alone(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:x@127.0.0.1:1/none")
    pytester.makepyfile(
        """
    import os, pathlib, pytest
    @pytest.fixture(autouse=True)
    def home():
        (pathlib.Path(__file__).parent / "home.txt").write_text(os.environ["PYLAYER_TESTING_HOME"])
    def test_db(home, pylayer_db):
        pass
    def test_other():
        pass
    """
    )
    result = pytester.runpytest_subprocess("-p", "pylayer.testing")
    result.assert_outcomes(passed=1, errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*pylayer.errors.Unavailable*"])
    assert not Path((pytester.path / "home.txt").read_text()).exists()


def test_the_entry_point_brings_the_fixtures_and_does_nothing_by_itself(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["pytest11"]
    installed = pytester.mkdir("installed") / "example-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: example\nVersion: 1\n")
    lines = "\n".join(f"{name} = {target}" for name, target in points.items())
    (installed / "entry_points.txt").write_text(f"[pytest11]\n{lines}\n")
    monkeypatch.setenv("DATABASE_URL", "postgresql://nowhere.invalid/none")
    monkeypatch.setenv("PYTHONPATH", f"{installed.parent}{os.pathsep}{ROOT}")
    pytester.makepyfile(
        """
    import os, pathlib, pytest
    def test_idle(request):
        assert request.config.pluginmanager.get_plugin("pylayer.testing")
        assert not pathlib.Path(os.environ["PYLAYER_TESTING_HOME"]).exists()
    """
    )
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=1)


def test_a_template_whose_maker_was_killed_is_made_anew(dsn: str, conn: Connection[Any]) -> None:
    name = f"{conn.info.dbname}_half_made"
    conn.execute(f"create database {name}".encode())
    try:
        with (
            Template.made(Settings(DATABASE_URL=dsn), name) as template,
            template.copy() as url,
            pylayer.connect(url) as client,
        ):
            assert client.conversations.list() == []
    finally:
        drop_all(dsn, name)
    assert databases(conn, name) == []


def test_a_login_that_may_make_no_database_is_told(dsn: str, conn: Connection[Any]) -> None:
    role = f"{conn.info.dbname}_poor"
    conn.execute(f"create role {role} login password 'x'".encode())
    try:
        parts = conninfo_to_dict(dsn) | {"user": role, "password": "x"}
        settings = Settings(DATABASE_URL=psycopg.conninfo.make_conninfo(**parts))
        with pytest.raises(pylayer.Forbidden) as caught, Template.made(settings, f"{role}_template"):
            pass
        assert caught.value.code == "42501"
    finally:
        conn.execute(f"drop role {role}".encode())


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:p%40ss%2Fw%3A@db.example:6432/app?sslmode=require&application_name=a%20b",
        "postgresql://localhost",
        "postgresql://me@[::1]:5432/app",
        "postgresql://me@a:1,b:2/app",
        "host=/var/run/postgresql user='odd name' dbname=app",
        "dbname=app",
        "",
    ],
)
def test_the_url_of_another_database_differs_in_the_database_alone(url: str) -> None:
    other = with_database(url, "other db")
    assert conninfo_to_dict(other) == conninfo_to_dict(url) | {"dbname": "other db"}
