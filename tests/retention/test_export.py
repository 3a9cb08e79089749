"""Training data of a month that leaves: a file of a day is whole, or there is none."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

import pylayer
from pylayer.config import Settings
from pylayer.export import export_training
from tests.retention.support import Old, months_task


def export(settings: Settings, old: Old, out: Path, **more: Any) -> dict[str, bytes]:
    """Export the first two days of the month, and return the files of the days."""
    first = old.month.date()
    export_training(
        settings,
        "agent_events",
        first,
        first + timedelta(days=2),
        out=str(out),
        below_floor=True,
        **more,
    )
    return days(out)


def days(out: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in out.glob("data/training/agent_events/*.jsonl")}


def test_days_of_a_month_that_left_are_no_empty_files(
    client: pylayer.Client, archiving: Old, settings: Settings, tmp_path: Path
) -> None:
    before = export(settings, archiving, tmp_path / "before")
    assert sum(body.count(b"\n") for body in before.values()) == 48
    months_task(client)
    with pytest.raises(pylayer.Gone) as caught:
        export(settings, archiving, tmp_path / "after")
    assert (caught.value.reason, caught.value.detail) == ("month_absent", archiving.name)
    assert days(tmp_path / "after") == {}
    client.archives.restore(archiving.month)
    assert export(settings, archiving, tmp_path / "after") == before


def test_a_month_that_leaves_while_it_is_exported(
    client: pylayer.Client, old: Old, settings: Settings, tmp_path: Path
) -> None:
    def leave(day: date, rows: int) -> None:
        if day.day == 2 and old.state():
            months_task(client)

    with pytest.raises(pylayer.Gone) as caught:
        export(settings, old, tmp_path, progress=leave)
    assert caught.value.reason == "month_absent"
    assert {name[-8:] for name in days(tmp_path)} == {"01.jsonl"}, "the day that was whole"
