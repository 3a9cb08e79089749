"""docker/compose.yaml: valid by the Compose specification, and wired so that the stack comes up in order."""

from __future__ import annotations

import copy
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

SECRETS = {"POSTGRES_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
SERVERS = {"postgres", "minio"}
ONE_SHOTS = {"bucket", "migrate"}
MONITORING = {"serve", "prometheus", "grafana"}
DATA = {
    "postgres": "/var/lib/postgresql",
    "minio": "/data",
    "prometheus": "/prometheus",
    "grafana": "/var/lib/grafana",
}


def violations(schema: dict[str, Any], document: Any) -> list[str]:
    return [e.json_path for e in jsonschema.Draft202012Validator(schema).iter_errors(document)]


def test_conforms_to_the_compose_specification(
    compose_schema: dict[str, Any], compose_text: str, compose: dict[str, Any]
) -> None:
    assert violations(compose_schema, yaml.safe_load(compose_text)) == []
    assert violations(compose_schema, compose) == []


def test_the_schema_refuses_a_wrong_file(compose_schema: dict[str, Any], compose: dict[str, Any]) -> None:
    broken = copy.deepcopy(compose)
    broken["services"]["minio"]["port"] = broken["services"]["minio"].pop("ports")
    assert violations(compose_schema, broken) == ["$.services.minio"]


def test_services(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == SERVERS | ONE_SHOTS | {"maintain"} | MONITORING


def test_monitoring_starts_only_when_asked_for(compose: dict[str, Any]) -> None:
    """It needs an API key, which needs a migrated database."""
    profiles = {name: service.get("profiles", []) for name, service in compose["services"].items()}
    assert {name for name, found in profiles.items() if found} == MONITORING
    assert all(profiles[name] == ["monitoring"] for name in MONITORING)


def test_every_variable_has_a_default_or_is_required(references: list[re.Match[str]]) -> None:
    assert [found[0] for found in references if found["kind"] is None] == []


def test_env_example_names_exactly_the_variables(
    references: list[re.Match[str]], env_example: dict[str, str]
) -> None:
    assert set(env_example) == {found["name"] for found in references}


def test_secrets_are_required_and_have_no_default(
    references: list[re.Match[str]], env_example: dict[str, str]
) -> None:
    assert {found["name"] for found in references if found["kind"] == "?"} == SECRETS
    assert {name for name, value in env_example.items() if not value} == SECRETS
    assert not [found[0] for found in references if found["name"] in SECRETS and found["kind"] != "?"]


def test_env_example_shows_the_defaults(references: list[re.Match[str]], env_example: dict[str, str]) -> None:
    defaults = {found["name"]: found["rest"] for found in references if found["kind"] == "-"}
    assert {name: env_example[name] for name in defaults} == defaults


def test_ports_are_published_on_loopback_only(compose: dict[str, Any]) -> None:
    published = {
        name: [port.rsplit(":", 2) for port in service.get("ports", [])]
        for name, service in compose["services"].items()
    }
    assert {ip for ports in published.values() for ip, _, _ in ports} == {"127.0.0.1"}
    assert {name: [target for *_, target in ports] for name, ports in published.items() if ports} == {
        "postgres": ["5432"],
        "minio": ["9000", "9001"],
        "serve": ["8000"],
        "prometheus": ["9090"],
        "grafana": ["3000"],
    }


@pytest.mark.parametrize("name", sorted(DATA))
def test_servers_are_watched_and_keep_their_data(compose: dict[str, Any], name: str) -> None:
    service = compose["services"][name]
    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert service["restart"] == "unless-stopped"
    named = [volume for volume in service["volumes"] if not volume.startswith(".")]
    [(source, target)] = [volume.split(":") for volume in named]
    assert source in compose["volumes"]
    assert target == DATA[name]


def test_dependencies_wait_for_what_they_can_observe(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            target = services[needed]
            if how["condition"] == "service_healthy":
                assert "healthcheck" in target, f"{name} waits for the health of {needed}"
            else:
                assert how["condition"] == "service_completed_successfully"
                assert target["restart"] == "no", f"{name} waits for the end of {needed}"


def test_start_order(compose: dict[str, Any]) -> None:
    waits = {
        name: {needed: how["condition"] for needed, how in service.get("depends_on", {}).items()}
        for name, service in compose["services"].items()
    }
    assert waits["migrate"] == {"postgres": "service_healthy"}
    assert waits["bucket"] == {"minio": "service_healthy"}
    assert waits["maintain"] == dict.fromkeys(("migrate", "bucket"), "service_completed_successfully")


def test_maintenance_has_room_for_a_month(compose: dict[str, Any]) -> None:
    """Its temporary files are as large as an archive: a tmpfs would be memory."""
    service = compose["services"]["maintain"]
    assert "/tmp" in {volume.split(":")[1] for volume in service["volumes"]}
    assert not service["tmpfs"]


def test_documents_name_the_interval_of_maintenance(compose: dict[str, Any], docker_dir: Path) -> None:
    command = f"pylayer {' '.join(compose['services']['maintain']['command'])}"
    for page in ("production.md", "cli.md", "metrics.md"):
        text = (docker_dir.parent / "docs" / page).read_text("utf-8")
        named = set(re.findall(r"--every (\w+)", text))
        assert named == {command.rsplit(" ", 1)[1]}, page


def test_networks_and_volumes_are_declared_and_used(compose: dict[str, Any]) -> None:
    services = compose["services"].values()
    assert {network for service in services for network in service["networks"]} == set(compose["networks"])
    used = {volume.split(":")[0] for service in services for volume in service.get("volumes", [])}
    assert {name for name in used if not name.startswith(".")} == set(compose["volumes"])


def test_build_contexts_hold_their_dockerfile(compose: dict[str, Any], docker_dir: Path) -> None:
    for name, service in compose["services"].items():
        if name in {"prometheus", "grafana"}:
            assert ":" in service["image"], "an image of others is of a version"
            continue
        context = docker_dir / service["build"]["context"]
        assert (context / service["build"].get("dockerfile", "Dockerfile")).is_file(), name


def test_nothing_privileged(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert "no-new-privileges:true" in service["security_opt"], name
        assert not {"privileged", "cap_add", "network_mode", "pid"} & set(service), name


@pytest.mark.parametrize("name", ["migrate", "maintain", "serve"])
def test_commands_are_ones_that_the_command_line_has(compose: dict[str, Any], name: str) -> None:
    command = compose["services"][name]["command"]
    done = subprocess.run(
        [sys.executable, "-c", "from pylayer.cli import main; main()", *command, "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
