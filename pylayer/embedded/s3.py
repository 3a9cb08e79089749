"""The embedded S3 server: ``rclone serve s3`` over a folder, on 127.0.0.1 only."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

import urllib3
from minio import Minio
from minio.error import InvalidResponseError, MinioException

from pylayer.embedded.binaries import rclone_program
from pylayer.embedded.process import (
    Identity,
    free_port,
    is_free,
    launch,
    log_tail,
    processes_in,
    stop,
    wait_until,
)
from pylayer.embedded.state import Home, State
from pylayer.errors import Unavailable

__all__ = ["BUCKET", "REGION", "S3"]

BUCKET = "artifacts"
REGION = "us-east-1"
_START_SECONDS = 30.0
_PORT_ATTEMPTS = 3
_STOP_STEPS = ((signal.SIGTERM, 15.0), (signal.SIGKILL, 10.0))
_UNFINISHED_UPLOADS = (".rclone_temp_multipart_*", ".rclone_multipart_upload_*")


@dataclass(frozen=True, slots=True)
class S3:
    """The S3 server over ``home/s3``; each folder in it is a bucket."""

    home: Home

    @property
    def data(self) -> Path:
        """The folder of the buckets."""
        return self.home.path / "s3"

    @staticmethod
    def endpoint(state: State) -> str:
        """Return the server's URL."""
        return f"http://127.0.0.1:{state.s3.port}"

    def start(self, state: State) -> bool:
        """Start the server unless it runs; return whether it was started. ``state`` is updated and saved.

        Raises:
            Unavailable: it does not start; the detail is the end of its log.
        """
        if not state.s3.running:
            state.s3.process = self._untracked()
        started = not state.s3.running
        self.data.mkdir(mode=0o700, exist_ok=True)
        (self.data / BUCKET).mkdir(mode=0o700, exist_ok=True)
        if started:
            self._remove_unfinished_uploads()
            self._launch(state)
        if not self._answers(state):
            raise Unavailable(
                "the S3 server did not start",
                reason="start_failed",
                detail=log_tail(self.home.log("s3")),
                hint=f"see {self.home.log('s3')}",
            )
        return started

    def stop(self, state: State) -> bool:
        """Stop the server if it runs; return whether it did."""
        process = state.s3.process if state.s3.running else self._untracked()
        if process is not None:
            stop(process, *_STOP_STEPS)
        state.s3.process = None
        return process is not None

    def _untracked(self) -> Identity | None:
        """Find a server of this very folder that was started but not recorded."""
        return next(iter(processes_in(self.data, "rclone")), None) if self.data.exists() else None

    def _remove_unfinished_uploads(self) -> None:
        for pattern in _UNFINISHED_UPLOADS:
            for leftover in self.data.rglob(pattern):
                leftover.unlink(missing_ok=True)

    def _launch(self, state: State) -> None:
        keys = f'"{state.s3_access_key},{state.s3_secret_key}"'
        environment = {"RCLONE_AUTH_KEY": keys, "HOME": str(self.home.path)}  # not arguments: ps shows those
        for _ in range(_PORT_ATTEMPTS):
            state.s3.port = free_port(state.s3.port)
            command = [
                rclone_program(),
                "serve",
                "s3",
                "--config=",
                "--etag-hash=",
                f"--addr=127.0.0.1:{state.s3.port}",
            ]
            state.s3.process = launch(
                [*command, "--", self.data], cwd=self.data, log=self.home.log("s3"), environment=environment
            )
            self.home.save(state)
            if self._answers(state) or is_free(state.s3.port):
                return

    def _answers(self, state: State) -> bool:
        """Wait for a signed request to succeed; False when the server ended or refuses it."""
        process = state.s3.process
        pool = urllib3.PoolManager(retries=False, timeout=5.0)
        client = Minio(
            f"127.0.0.1:{state.s3.port}",
            access_key=state.s3_access_key,
            secret_key=state.s3_secret_key,
            region=REGION,
            secure=False,
            http_client=pool,
        )

        def answered() -> bool:
            try:
                return client.bucket_exists(BUCKET)
            except (MinioException, InvalidResponseError, urllib3.exceptions.HTTPError):
                return False

        try:
            wait_until(lambda: process is None or not process.alive or answered(), seconds=_START_SECONDS)
            return process is not None and process.alive and answered()
        finally:
            pool.clear()
