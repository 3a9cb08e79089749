"""InfluxDB's line protocol: escapes, a real server, and the command."""

from __future__ import annotations

import json
import traceback
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

import pylayer
from pylayer.cli import app
from pylayer.config import Settings
from pylayer.metrics import MetricTotal, lines_of, post_lines
from tests.metrics.servers import influx_rows, influxdb

AT = datetime(2026, 1, 31, 12, 0, 0, 123456, UTC)
NASTY = [
    "a b",
    "a,b",
    "a=b",
    'say "hi"',
    "back\\slash",
    "back\\ space",
    "back\\,comma",
    "ünï, cödé = 名前",
    "#hash",
    "'quoted'",
    " edges ",
]


def total(metric: str = "workflow_gaps_total", value: float = 1.0, **labels: str) -> MetricTotal:
    return MetricTotal(metric=metric, labels=labels, value=value, bounds=None, buckets=None)


def test_lines() -> None:
    histogram = MetricTotal(
        metric="workflow_cycle_time_seconds",
        labels={"item_type": "story"},
        value=7260.5,
        bounds=[60, 0.5e7],
        buckets=[1, 2, 3],
    )
    gauge = total("telemetry_partitions_months_ahead", 3)
    counter = total(severity="high", gap_type="a b")
    assert list(lines_of([histogram, gauge, counter], AT)) == [
        "workflow_cycle_time_seconds,item_type=story 60=1i,5000000=3i,count=6i,sum=7260.5 "
        "1769860800123456000",
        "telemetry_partitions_months_ahead gauge=3.0 1769860800123456000",
        r"workflow_gaps_total,gap_type=a\ b,severity=high counter=1.0 1769860800123456000",
    ]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("", ""),
        ("\\", ""),
        ("a\\", ",x=a"),
        ("a\nb=1 2", r",x=a\ b\=1\ 2"),
        ("a\r\n\tb", r",x=a\ b"),
    ],
)
def test_what_the_protocol_cannot_say(value: str, written: str) -> None:
    assert list(lines_of([total(x=value)], AT)) == [
        f"workflow_gaps_total{written} counter=1.0 1769860800123456000"
    ]


def test_a_real_server_reads_back_what_was_written(worked: pylayer.Client, tmp_path: Path) -> None:
    totals = worked.metrics.totals()
    nasty = [total("workflow_flow_issues_total", nth, issue_type=text) for nth, text in enumerate(NASTY)]
    with influxdb(tmp_path / "influx") as server:
        for _ in range(2):  # the same lines again change nothing
            post_lines(lines_of([*totals, *nasty], AT), f"{server.url}/write?db=pylayer")
        for metric in {t.metric for t in totals} - {"workflow_flow_issues_total"}:
            rows = influx_rows(server, f'select * from "{metric}"')
            expected = [t for t in totals if t.metric == metric]
            assert len(rows) == len(expected), metric
            found = {tuple(sorted((n, row[n] or "") for n in expected[0].labels)): row for row in rows}
            for each in expected:
                row = found[tuple(sorted(each.labels.items()))]
                if each.buckets is None:
                    assert row.get("counter", row.get("gauge")) == each.value
                else:
                    assert (row["count"], row["sum"]) == (sum(each.buckets), each.value)
        rows = influx_rows(server, "select * from workflow_flow_issues_total")
        found = {row["issue_type"]: row["counter"] for row in rows if row["issue_type"] in NASTY}
        assert found == {text: nth for nth, text in enumerate(NASTY)}
        with pytest.raises(pylayer.NotFound) as missing:
            post_lines(["x value=1"], f"{server.url}/write?db=none")
        assert missing.value.reason == "http_404"
        with pytest.raises(pylayer.InvalidInput) as refused:
            post_lines(["no line of it"], f"{server.url}/write?db=pylayer")
        assert refused.value.reason == "http_400"


def test_a_server_that_is_away() -> None:
    with pytest.raises(pylayer.Unavailable) as away:
        post_lines(["x value=1"], "http://127.0.0.1:1/write?db=pylayer&p=secret")
    assert "secret" not in str(away.value)


@pytest.mark.parametrize(
    ("url", "token", "reason"),
    [
        *(
            (url, None, "bad_endpoint")
            for url in ("127.0.0.1:8086", "ftp://x", "http://", "http://[::1/write")
        ),
        *(
            ("http://127.0.0.1:1/write", token, "bad_token")
            for token in ("secret\r", "secret\nx: y", "secrét")
        ),
    ],
)
def test_what_is_no_address_and_no_token(url: str, token: str | None, reason: str) -> None:
    """The token stands in no message, and adds no header."""
    with pytest.raises(pylayer.InvalidInput) as malformed:
        post_lines(["x value=1"], url, token)
    assert malformed.value.reason == reason
    assert "secr" not in "".join(traceback.format_exception(malformed.value, limit=0))


def test_the_command(
    worked: pylayer.Client, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", settings.require_database_url())
    shown = CliRunner().invoke(app, ["export", "influx"])
    assert shown.exit_code == 0, shown.output
    file = tmp_path / "metrics.txt"
    written = CliRunner().invoke(app, ["export", "influx", "--out", str(file)])
    assert written.exit_code == 0, written.output

    def series(text: str) -> list[str]:
        return sorted(line.rsplit(" ", 2)[0] for line in text.splitlines())

    assert series(shown.stdout) == series(file.read_text("utf-8"))
    assert len(series(shown.stdout)) == len(worked.metrics.totals())


def test_the_command_sends(
    worked: pylayer.Client, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", settings.require_database_url())
    with influxdb(tmp_path / "influx") as server:
        sent = CliRunner().invoke(app, ["export", "influx", "--url", f"{server.url}/write?db=pylayer"])
        assert sent.exit_code == 0, sent.output
        [row] = influx_rows(server, "select * from workflow_run_success_total")
        assert row["counter"] == 6, json.dumps(row)
