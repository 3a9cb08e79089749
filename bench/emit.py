"""emit(): how long its caller waits, beside 50 microseconds and beside a write of the same line to a file."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.results import Result
from bench.timing import Case, Timing, interleave
from pylayer.emitter import Emitter
from pylayer.events import Event, IngestResult
from pylayer.models import ModelPrice

__all__ = ["measure"]

_LIMIT = 50.0  # microseconds


class _Nowhere:
    """Takes every batch at once, so that the emitter's own thread works as it does with a fast endpoint."""

    def send(self, events: Sequence[bytes]) -> list[IngestResult]:
        return [IngestResult(event_id=None, status="created") for _ in events]

    def prices(self) -> list[ModelPrice]:
        return []

    def close(self) -> None:
        pass


def _event() -> Event:
    return Event(
        event_name="workflow.step_completed",
        run_id="run-1",
        item_id="INFR-0001",
        workflow_name="wf",
        agent_role="dev",
        payload={"step_name": "build", "status": "succeeded", "duration_ms": 12},
    )


def measure(*, quick: bool) -> list[Result]:
    """Measure on a spool of its own, with events of about 250 bytes."""
    with (
        tempfile.TemporaryDirectory() as directory,
        Path(directory, "plain.jsonl").open("ab", buffering=0) as plain,
        Emitter(_Nowhere(), spool=Path(directory, "spool")) as emitter,
    ):

        def write(event: Event) -> None:
            plain.write(json.dumps(event.__dict__).encode() + b"\n")

        cases = [Case("emit", emitter.emit, _event), Case("write", write, _event)]
        found = interleave(cases, 20 if quick else 200, calls=200)
    return [
        _result(found["emit"], "50 microseconds", _LIMIT, 1.0),
        _result(found["emit"], "json.dumps and one unbuffered write", found["write"].median * 1e6),
    ]


def _result(timing: Timing, beside: str, reference: float, target: float | None = None) -> Result:
    value = timing.median * 1e6
    return Result(
        name="emit(), one event into the spool",
        value=value,
        unit="us",
        repetitions=len(timing.seconds),
        noise=timing.spread,
        compared_with=beside,
        reference=reference,
        ratio=value / reference,
        target=target,
        relation="at most",
    )
