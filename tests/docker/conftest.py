"""What the tests of docker/ share: the parsed Compose file and the Compose specification's JSON schema."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

COMPOSE_MODULE = "github.com/compose-spec/compose-go/v2@v2.16.2"
ROOT = Path(__file__).resolve().parents[2]
REFERENCE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}")


@pytest.fixture(scope="session")
def docker_dir() -> Path:
    return ROOT / "docker"


@pytest.fixture(scope="session")
def compose_text(docker_dir: Path) -> str:
    return (docker_dir / "compose.yaml").read_text("utf-8")


@pytest.fixture(scope="session")
def references(compose_text: str) -> list[re.Match[str]]:
    """Every ``${...}`` of the Compose file."""
    return list(REFERENCE.finditer(compose_text))


@pytest.fixture(scope="session")
def env_example(docker_dir: Path) -> dict[str, str]:
    lines = (docker_dir / ".env.example").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@pytest.fixture(scope="session")
def compose(compose_text: str) -> dict[str, Any]:
    """The Compose file with defaults filled in, and ``secret`` where a value is required."""

    def value(found: re.Match[str]) -> str:
        return found["rest"] if found["kind"] == "-" else "secret-value"

    return yaml.safe_load(REFERENCE.sub(value, compose_text))


@pytest.fixture(scope="session")
def compose_schema() -> dict[str, Any]:
    """The Compose specification's schema, as its reference implementation (a Go module) ships it."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("the Compose schema ships in a Go module, and `go` is not on the PATH")
    try:
        done = subprocess.run(
            [go, "mod", "download", "-json", COMPOSE_MODULE],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={**os.environ, "GOFLAGS": ""},
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"{COMPOSE_MODULE} did not download within two minutes")
    if done.returncode != 0:
        pytest.skip(f"{COMPOSE_MODULE} can't be downloaded: {done.stderr.strip() or done.stdout.strip()}")
    folder = Path(json.loads(done.stdout)["Dir"])
    return json.loads((folder / "schema" / "compose-spec.json").read_text("utf-8"))
