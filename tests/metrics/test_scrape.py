"""A real Prometheus scrapes the endpoint with a key, and answers what the dashboards and rules ask."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

import pylayer
from pylayer.config import Settings
from pylayer.metrics.exposition import CONTENT_TYPE
from tests.metrics.servers import Server, prometheus, promtool
from tests.server.serving import served
from tests.waiting import wait_until

DOCKER = Path(__file__).resolve().parents[2] / "docker"
# Nothing has happened while Prometheus looked on, and no day is long enough to compare with another.
EMPTY_AT_FIRST = (
    "job:workflow_story_churn:baseline_7d",
    "job:workflow_step_cost_usd:baseline_1d",
    "job:workflow_run_success:ratio_1d",
    "job:workflow_tokens_per_run:7d",
    "p90_1d",
)

# There after two scrapes, and after the last rule of a group that finds something.
KNOWN = ("up == 1", "rate(workflow_state_transitions_total[2h])", "job:workflow_runs_failed:1d")


@dataclass
class Scraped:
    """A Prometheus that has scraped a server twice, and evaluated the rules.

    Attributes:
        at: when it last had; a scrape that comes too late on a busy machine takes all series away again.
    """

    url: str
    secret: str
    server: Server
    at: str

    def ask(self, expression: str) -> list[dict[str, Any]]:
        return ask(self.server, expression, time=self.at)


@pytest.fixture
def scraped(worked: pylayer.Client, settings: Settings, tmp_path: Path) -> Iterator[Scraped]:
    key = worked.keys.create("prometheus", scopes=["events:read"])
    (tmp_path / "key").write_text(key.secret + "\n")  # as `pylayer key create` prints it
    folder = tmp_path / "configuration"
    shutil.copytree(DOCKER / "prometheus", folder)
    file = folder / "prometheus.yml"
    with served(settings) as url:
        configuration = yaml.safe_load(file.read_text("utf-8"))
        configuration["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        [job] = configuration["scrape_configs"]
        job["authorization"]["credentials_file"] = str(tmp_path / "key")
        job["static_configs"] = [{"targets": [url.removeprefix("http://")]}]
        file.write_text(yaml.safe_dump(configuration))
        with prometheus(tmp_path / "prometheus", file) as server:

            def scraped_at() -> str | None:
                for sample in ask(server, "timestamp(up == 1)"):
                    at = f"{float(sample['value'][1]) + 0.001:.3f}"  # Prometheus cuts it to milliseconds
                    if all(ask(server, known, time=at) for known in KNOWN):
                        return at
                return None

            yield Scraped(url, key.secret, server, wait_until(scraped_at))


def ask(server: Server, expression: str, **at: str) -> list[dict[str, Any]]:
    answer = server.get("/api/v1/query", query=expression, **at)
    assert answer["status"] == "success"
    return answer["data"]["result"]


def expressions() -> list[str]:
    found: list[str] = []
    for file in sorted((DOCKER / "grafana" / "dashboards").iterdir()):
        for panel in json.loads(file.read_text("utf-8"))["panels"]:
            found += [target["expr"] for target in panel["targets"] if "expr" in target]
    return found


def test_prometheus_has_what_the_database_has(scraped: Scraped, worked: pylayer.Client) -> None:
    assert [sample["value"][1] for sample in scraped.ask("up")] == ["1"]
    for total in worked.metrics.totals():
        name = f"{total.metric}_sum" if total.buckets is not None else total.metric
        labels = ",".join(f"{key}={json.dumps(value)}" for key, value in total.labels.items())
        [found] = scraped.ask(f"{name}{{{labels}}}")
        assert float(found["value"][1]) == pytest.approx(total.value), total
    [quantile] = scraped.ask(
        'histogram_quantile(0.9, workflow_cycle_time_seconds_bucket{item_type="story"}) / 3600'
    )
    assert 8 < float(quantile["value"][1]) <= 24, "the stories took 9 to 15 hours: one bucket"


def test_what_the_dashboards_and_rules_ask(scraped: Scraped) -> None:
    asked = expressions()
    assert len(asked) >= 10
    for expression in asked:
        # of what has two samples by now, a rate; of what needs days, the query alone
        found = scraped.ask(expression)
        assert found or any(name in expression for name in EMPTY_AT_FIRST), expression
    groups = scraped.server.get("/api/v1/rules")["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) == 20
    assert [(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] == "err"] == []
    assert [rule["name"] for rule in rules if rule["type"] == "alerting" and rule["alerts"]] == []


def test_promtool_accepts_what_is_served(scraped: Scraped) -> None:
    headers = {"Authorization": f"Bearer {scraped.secret}"}
    answer = httpx.get(f"{scraped.url}/metrics", headers=headers, timeout=60)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, CONTENT_TYPE)
    done = promtool("check", "metrics", stdin=answer.content)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    for pool in ("client", "ingest_singles", "ingest_batches"):
        assert f'pylayer_pool_requests_total{{pool="{pool}"}}' in answer.text


def test_who_may_read(settings: Settings, client: pylayer.Client) -> None:
    allowed = client.keys.create("reads", scopes=["events:read"]).secret
    others = client.keys.create("writes", scopes=["events:write"]).secret
    with served(settings) as url:
        for secret, status in ((None, 401), ("pyl_x", 401), (others, 403), (allowed, 200)):
            headers = {"Authorization": f"Bearer {secret}"} if secret else {}
            assert httpx.get(f"{url}/metrics", headers=headers, timeout=60).status_code == status
    with served(settings, require_key=False) as url:
        assert httpx.get(f"{url}/metrics", timeout=60).status_code == 200
        assert httpx.get(f"{url}/metrics", headers={"Host": "example.org"}, timeout=60).status_code == 403


def test_the_calls_of_the_server_are_counted(settings: Settings, client: pylayer.Client) -> None:
    from tests.events.samples import step

    line = 'pylayer_call_duration_seconds_count{function="telemetry.ingest_event",outcome="ok"}'
    with served(settings, require_key=False) as url, httpx.Client(base_url=url, timeout=60) as http:

        def calls() -> float:
            found = [text for text in http.get("/metrics").text.splitlines() if text.startswith(line)]
            return float(found[0].rpartition(" ")[2]) if found else 0

        before = calls()
        assert http.post("/telemetry/events", json=step()).status_code == 201
        assert calls() == before + 1
