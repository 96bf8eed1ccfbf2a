"""docker-compose.yml and the Dockerfile, checked without an engine: none runs where the tests run."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from troly.commands import _PROCESSES
from troly.settings import ROOT, Settings

SCALED = {"gateway-2": "gateway", "rasa-2": "rasa"}
"""What the profile "scaled" has besides -> what it is the same as."""
OURS = set(_PROCESSES) | {"prepare"} | set(SCALED)
VARIABLES = {name.upper() for name in Settings.model_fields}


@lru_cache(maxsize=1)
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    return loaded


@lru_cache(maxsize=1)
def specification() -> Draft202012Validator:
    # Importing check_jsonschema would need packages that are not installed; its file is all we want.
    path = "check_jsonschema/builtin_schemas/vendor/compose-spec.json"
    file = Path(str(distribution("check-jsonschema").locate_file(path)))
    return Draft202012Validator(json.loads(file.read_text("utf-8")))


def interpolated() -> set[str]:
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    return set(re.findall(r"\$\{([A-Z_]+)", text))


def dockerfile_lines() -> list[str]:
    return (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ").splitlines()


def stage(name: str) -> list[str]:
    """The instructions of one stage of the Dockerfile."""
    found: list[str] = []
    inside = False
    for line in dockerfile_lines():
        if line.startswith("FROM "):
            inside = line.endswith(f" AS {name}")
        if inside:
            found.append(line)
    return found


def test_it_follows_the_compose_specification() -> None:
    assert [error.message for error in specification().iter_errors(compose())] == []


def test_the_schema_is_really_consulted() -> None:
    broken = json.loads(json.dumps(compose()))
    broken["services"]["gateway"]["portz"] = ["8000:8000"]
    assert [error.message for error in specification().iter_errors(broken)]


def test_it_describes_every_process_of_serve() -> None:
    assert OURS | {"postgres", "redis"} == set(compose()["services"])
    for name in _PROCESSES:
        assert compose()["services"][name]["command"] == ["serve", "--only", name]


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_variable_that_a_process_gets_is_a_setting(name: str) -> None:
    assert set(compose()["services"][name]["environment"]) <= VARIABLES


def test_variables_from_env_are_settings_or_named_in_the_example() -> None:
    example = (ROOT / ".env.example").read_text("utf-8")
    for variable in interpolated() - VARIABLES:
        assert re.search(rf"^# {variable}=", example, re.M), variable


def test_only_the_gateway_is_published() -> None:
    published = {name for name, service in compose()["services"].items() if service.get("ports")}
    assert published == {"gateway", "gateway-2"}
    assert compose()["networks"]["private"]["internal"] is True
    outside = {name for name, service in compose()["services"].items() if "outside" in service["networks"]}
    # prepare and actions ask the portal, gateway the channels.
    assert outside == {"gateway", "gateway-2", "actions", "prepare"}


def test_the_profile_scaled_adds_the_same_processes_once_more() -> None:
    services = compose()["services"]
    profiles = {name: service["profiles"] for name, service in services.items() if "profiles" in service}
    assert profiles == {"portal": ["demo"]} | {name: ["scaled"] for name in SCALED}
    for name, like in SCALED.items():
        own = {"profiles", "ports"}
        assert {key: value for key, value in services[name].items() if key not in own} == {
            key: value for key, value in services[like].items() if key not in own
        }
    # Gateways on one machine need different ports, and nothing else.
    ports = [services[name]["ports"][0] for name in ("gateway", "gateway-2")]
    assert ports == ["${GATEWAY_PORT:-8000}:8000", "${SECOND_GATEWAY_PORT:-8001}:8000"]


def test_the_rasas_of_the_profile_scaled_are_named_where_it_is_explained() -> None:
    head = (ROOT / "docker-compose.yml").read_text("utf-8").partition("\nname:")[0]
    named = re.findall(r"http://([a-z0-9-]+):5005", head)
    assert named == ["rasa", "rasa-2"]
    assert compose()["services"]["gateway"]["environment"]["RASA_URL"] == "${RASA_URL:-http://rasa:5005}"


def test_every_server_has_a_healthcheck_on_its_own_port() -> None:
    ports = {variable: Settings.model_fields[variable].default for _, variable, _ in _PROCESSES.values()}
    for name, (_, variable, path) in _PROCESSES.items():
        service = compose()["services"][name]
        assert f"http://127.0.0.1:{ports[variable]}{path}'" in service["healthcheck"]["test"][-1]
        assert service["environment"][variable.upper()] == ports[variable]
    for name in ("postgres", "redis"):
        assert compose()["services"][name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_process_writes_to_its_volumes_only_and_gains_no_rights(name: str) -> None:
    service = compose()["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"] == ["/tmp"]
    assert service["environment"]["DATA_DIR"] in {volume.split(":")[1] for volume in service["volumes"]}


def test_no_service_gets_more_than_it_needs() -> None:
    for name, service in compose()["services"].items():
        given = {
            "privileged",
            "cap_add",
            "devices",
            "pid",
            "ipc",
            "network_mode",
            "userns_mode",
            "user",
        } & set(service)
        assert not given, name
        for volume in service.get("volumes", []):
            assert not volume.startswith(("/", ".", "~")), f"{name} sees a folder of the host: {volume}"


def test_the_user_of_the_images_is_no_one_else_and_owns_no_program() -> None:
    lines = stage("runtime")
    assert any("useradd" in line and "--uid 10001" in line and "nologin" in line for line in lines)
    for target in ("slim", "full"):
        copied = [line for line in stage(target) if line.startswith("COPY ")]
        assert copied and not any("--chown" in line for line in copied), "programs belong to root"


def test_every_volume_is_declared_and_used() -> None:
    used = {
        volume.split(":")[0]
        for service in compose()["services"].values()
        for volume in service.get("volumes", [])
    }
    assert used == set(compose()["volumes"])


def test_no_secret_is_written_down() -> None:
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    for service in compose()["services"].values():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|KEY|TOKEN", variable):
                assert str(value).startswith("${"), variable
    assert re.findall(r"//\w+:([^@\s]+)@", re.sub(r"\$\{[^}]*\}", "$", text)) == ["$"]


def test_both_images_run_unprivileged_and_have_a_healthcheck() -> None:
    targets = {service["build"]["target"] for service in compose()["services"].values() if "build" in service}
    assert targets == {"slim", "full"}
    assert "USER troly" in stage("runtime")
    for target in targets:
        lines = stage(target)
        assert lines[0] == f"FROM runtime AS {target}"
        assert not [line for line in lines if line.startswith("USER ")]
        assert [line for line in lines if line.startswith("HEALTHCHECK ")]


def test_the_slim_image_has_what_its_processes_read_and_not_rasa() -> None:
    lines = stage("packages-slim")
    assert any("--require-hashes requirements.slim.lock" in line for line in lines)
    copied = {line.split()[1] for line in lines if line.startswith("COPY ")}
    assert {"actions", "bot/responses", "channels", "console", "portal", "troly", "nlu_data"} <= copied
    assert "bot" not in copied
    slim = {name for name in _PROCESSES if compose()["services"][name]["build"]["target"] == "slim"}
    assert slim == {"gateway", "actions", "portal"}


def test_what_a_machine_has_made_stays_out_of_the_images() -> None:
    ignored = set((ROOT / ".dockerignore").read_text("utf-8").split("\n"))
    # ".*" covers .env, .git and .venv.
    assert {".*", "var", "models"} <= ignored
