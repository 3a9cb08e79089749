"""The `bucket` service's own program, run against a real S3 server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

KEY, SECRET = "bucket-test-key", "bucket-test-secret"


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """An empty S3 server: its URL, and the folder in which a bucket is a folder."""
    rclone = shutil.which("rclone", path=Path(sys.executable).parent) or shutil.which("rclone")
    if rclone is None:
        pytest.skip("rclone is not installed: it comes with the extra `embedded`")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = tmp_path / "s3"
    data.mkdir()
    server = subprocess.Popen(
        [rclone, "serve", "s3", "--auth-key", f"{KEY},{SECRET}", "--addr", f"127.0.0.1:{port}", data],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "RCLONE_CONFIG": os.devnull},
    )
    try:
        _wait_for(port, server)
        yield f"http://127.0.0.1:{port}", data
    finally:
        server.terminate()
        server.wait(timeout=10)


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("rclone serve s3 did not come up")


def test_bucket_service_makes_the_bucket_and_may_run_again(
    compose: dict[str, Any], s3: tuple[str, Path]
) -> None:
    url, data = s3
    service = compose["services"]["bucket"]
    python, *program = service["entrypoint"]
    assert python == "python"
    environment = {
        **os.environ,
        **service["environment"],
        "AWS_ENDPOINT_URL_S3": url,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }
    for _ in range(2):
        subprocess.run([sys.executable, *program], env=environment, check=True, timeout=60)
        assert [folder.name for folder in data.iterdir()] == ["artifacts"]
