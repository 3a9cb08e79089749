"""What compose mounts into Prometheus and Grafana is there, is what they name, and Prometheus accepts it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.metrics.servers import promtool

DASHBOARDS = {"workflow-health", "churn", "cost", "story-quality", "flow-health"}
ALERTS = {"StoryChurnSpike", "RunSuccessLow", "DailyCostHigh", "CycleTimeHigh", "TokensPerRunUp"}


@pytest.fixture(scope="session")
def datasources(docker_dir: Path) -> dict[str, dict[str, Any]]:
    file = docker_dir / "grafana" / "provisioning" / "datasources" / "pylayer.yaml"
    return {source["uid"]: source for source in yaml.safe_load(file.read_text("utf-8"))["datasources"]}


@pytest.fixture(scope="session")
def rules(docker_dir: Path) -> list[dict[str, Any]]:
    text = (docker_dir / "prometheus" / "rules.yml").read_text("utf-8")
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def dashboard(docker_dir: Path, name: str) -> dict[str, Any]:
    return json.loads((docker_dir / "grafana" / "dashboards" / f"{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("name", ["prometheus", "grafana"])
def test_mounts_and_secrets_are_declared(compose: dict[str, Any], docker_dir: Path, name: str) -> None:
    service = compose["services"][name]
    for volume in service["volumes"]:
        source, _, mode = volume.partition(":")
        if source.startswith("."):
            assert (docker_dir / source).is_dir()
            assert mode.endswith(":ro")
    assert set(service["secrets"]) <= set(compose["secrets"])


def test_every_secret_that_a_file_names_is_given(compose: dict[str, Any], docker_dir: Path) -> None:
    for name, folder in (("prometheus", "prometheus"), ("grafana", "grafana/provisioning")):
        texts = [f.read_text("utf-8") for f in (docker_dir / folder).rglob("*.y*ml")]
        texts.append(str(compose["services"][name].get("environment", "")))
        named = set(re.findall(r"/run/secrets/(\w+)", "".join(texts)))
        assert named == set(compose["services"][name]["secrets"])


def test_secrets_stay_out_of_git_and_of_images(compose: dict[str, Any], docker_dir: Path) -> None:
    assert all(secret["file"].startswith("secrets/") for secret in compose["secrets"].values())
    assert "docker/secrets/" in (docker_dir.parent / ".gitignore").read_text("utf-8").splitlines()
    assert "!docker" not in (docker_dir.parent / ".dockerignore").read_text("utf-8")


def test_grafana_finds_its_servers_by_their_service(
    compose: dict[str, Any], datasources: dict[str, dict[str, Any]]
) -> None:
    hosts = {uid: source["url"].removeprefix("http://") for uid, source in datasources.items()}
    assert hosts == {"pylayer-postgres": "postgres:5432", "pylayer-prometheus": "prometheus:9090"}
    assert {host.split(":")[0] for host in hosts.values()} <= set(compose["services"])
    assert datasources["pylayer-postgres"]["jsonData"]["database"] == "pylayer"


def test_dashboards_are_mounted_where_grafana_looks(compose: dict[str, Any], docker_dir: Path) -> None:
    grafana = compose["services"]["grafana"]
    provider = docker_dir / "grafana" / "provisioning" / "dashboards" / "pylayer.yaml"
    [found] = yaml.safe_load(provider.read_text("utf-8"))["providers"]
    path = found["options"]["path"]
    assert f"./grafana/dashboards:{path}:ro" in grafana["volumes"]
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home in {f"{path}/{name}.json" for name in DASHBOARDS}


def test_there_are_five_dashboards(docker_dir: Path) -> None:
    files = list((docker_dir / "grafana" / "dashboards").iterdir())
    assert {file.name for file in files} == {f"{name}.json" for name in DASHBOARDS}
    found = [dashboard(docker_dir, name) for name in DASHBOARDS]
    assert len({board["uid"] for board in found}) == len({board["title"] for board in found}) == 5


@pytest.mark.parametrize("name", sorted(DASHBOARDS))
def test_a_dashboard_is_whole(docker_dir: Path, datasources: dict[str, dict[str, Any]], name: str) -> None:
    panels = dashboard(docker_dir, name)["panels"]
    assert len(panels) >= 4
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["title"]
        assert panel["description"]
        for target in (panel, *panel["targets"]):
            source = target["datasource"]
            assert datasources[source["uid"]]["type"] == source["type"]


@pytest.mark.parametrize("name", sorted(DASHBOARDS))
def test_panels_do_not_overlap(docker_dir: Path, name: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard(docker_dir, name)["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(place["x"] + dx, place["y"] + dy) for dx in range(place["w"]) for dy in range(place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells


def test_prometheus_accepts_its_configuration(docker_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "prometheus"
    shutil.copytree(docker_dir / "prometheus", folder)
    (tmp_path / "key").write_text("pyl_x")
    file = folder / "prometheus.yml"
    file.write_text(file.read_text("utf-8").replace("/run/secrets/prometheus_key", str(tmp_path / "key")))
    done = promtool("check", "config", file)
    assert done.returncode == 0, done.stderr.decode()
    assert b"rule files found" in done.stdout


def test_prometheus_scrapes_the_service(compose: dict[str, Any], docker_dir: Path) -> None:
    text = (docker_dir / "prometheus" / "prometheus.yml").read_text("utf-8")
    [job] = yaml.safe_load(text)["scrape_configs"]
    [target] = job["static_configs"][0]["targets"]
    host, port = target.split(":")
    assert compose["services"][host]["ports"][0].endswith(f":{port}")


def test_the_alerts_are_five(rules: list[dict[str, Any]]) -> None:
    assert {rule["alert"] for rule in rules if "alert" in rule} == ALERTS


def test_each_alert_names_a_dashboard_that_there_is(rules: list[dict[str, Any]], docker_dir: Path) -> None:
    titles = {dashboard(docker_dir, name)["title"] for name in DASHBOARDS}
    for rule in rules:
        if "alert" in rule:
            [title] = re.findall(r'The dashboard "([^"]+)"', rule["annotations"]["description"])
            assert title in titles


def test_the_rules_pass_their_unit_tests(docker_dir: Path) -> None:
    done = promtool("test", "rules", docker_dir / "prometheus" / "rules_test.yml")
    assert done.returncode == 0, (done.stdout + done.stderr).decode()


@pytest.mark.parametrize(
    "edits",
    [
        {
            "> 2 * job:workflow_story_churn:baseline_7d": "> 4 * job:workflow_story_churn:baseline_7d",
            "ratio_1d[3d]) < 0.8": "ratio_1d[3d]) < 0.7",
            "> 2 * job:workflow_step_cost_usd:baseline_1d": "> 4 * job:workflow_step_cost_usd:baseline_1d",
            "> 72 * 3600": "> 168 * 3600",
            "> 1.2 * last_over_time": "> 1.3 * last_over_time",
        },
        {
            "sum[7d] offset 28d) > 0": "sum[7d] offset 7d) > 0",
            "for: 3d": "for: 1d",
            "sum[1d] offset 7d) > 0": "sum[1d] offset 1d) > 0",
            "for: 7d": "for: 5d",
            "workflow_tokens_per_run:7d > 1.2": "workflow_tokens_per_run:7d > 0.9",
        },
    ],
    ids=["they stay silent", "they fire too soon"],
)
def test_the_unit_tests_can_fail(docker_dir: Path, tmp_path: Path, edits: dict[str, str]) -> None:
    rules = (docker_dir / "prometheus" / "rules.yml").read_text("utf-8")
    for text, broken in edits.items():
        assert text in rules
        rules = rules.replace(text, broken)
    (tmp_path / "rules.yml").write_text(rules)
    shutil.copy(docker_dir / "prometheus" / "rules_test.yml", tmp_path)
    done = promtool("test", "rules", tmp_path / "rules_test.yml")
    assert done.returncode == 1
    assert set(re.findall(r"alertname: (\w+)", (done.stdout + done.stderr).decode())) == ALERTS
