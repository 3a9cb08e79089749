"""The `bucket` service's own program, run against a real S3 server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import wait_until

KEY, SECRET = "bucket-test-key", "bucket-test-secret"


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """An empty S3 server: its URL, and the folder in which a bucket is a folder."""
    rclone = shutil.which("rclone", path=Path(sys.executable).parent) or shutil.which("rclone")
    if rclone is None:
        pytest.skip("rclone is not installed: it comes with the extra `embedded`")
    data, log = tmp_path / "s3", tmp_path / "rclone.log"
    data.mkdir()
    with log.open("wb") as out:
        server = subprocess.Popen(
            [rclone, "serve", "s3", "--auth-key", f"{KEY},{SECRET}", "--addr", "127.0.0.1:0", data],
            stdout=out,
            stderr=out,
            env={**os.environ, "RCLONE_CONFIG": os.devnull},
        )
    try:
        found = wait_until(lambda: re.search(r"http://127\.0\.0\.1:\d+", log.read_text()))
        yield found[0], data
    finally:
        server.terminate()
        server.wait(timeout=60)


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
