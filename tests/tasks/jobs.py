"""Handlers of tasks, for workers that are processes of their own."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from pylayer.tasks import ClaimedTask
from pylayer.worker import task


@task("touch")
def touch(job: ClaimedTask) -> dict[str, int]:
    """Says that it runs, then takes a while."""
    Path(job.input_data["path"]).touch()
    time.sleep(job.input_data.get("seconds", 0))
    return {"retry_count": job.retry_count}


@task("note")
async def note(job: ClaimedTask) -> int:
    """Adds a byte to a file of its own: how often it was run."""
    await asyncio.sleep(0)
    with Path(job.input_data["folder"], job.execution_id).open("ab") as file:
        file.write(b".")
    return 1
