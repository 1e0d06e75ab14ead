"""What has to hold of docker/ and .github/, whoever changes them: `make lint` holds them against their schemas."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster._config import process_config, resolve_to_config_type
from dagster._core.instance.config import dagster_instance_config_schema

from omni_assets.operations import dagster_home
from omni_assets.operations.doctor.environment import variables
from omni_assets.operations.doctor.examination import Answer
from omni_assets.pipeline.gauged import by_the_location
from omni_assets.settings import read_only
from tests.support import composed

SERVICES: dict[str, Any] = composed.composed()["services"]
DAGSTER = ("code", "webserver", "daemon")
MOST_MEBIBYTES = 8 * 1024

WRITES_BESIDE_ITS_VOLUMES = {"redpanda"}
"""Their file system is not read-only; the compose file says why."""


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_may_more_than_it_has_to(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "network_mode", "pid", "ipc", "devices"} & service.keys()
    assert service.get("read_only", False) is (name not in WRITES_BESIDE_ITS_VOLUMES)
    assert not any("docker.sock" in volume for volume in service.get("volumes", ()))


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_bounded_watched_and_pinned(name: str) -> None:
    service = SERVICES[name]
    assert service["pids_limit"]
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert service["healthcheck"].keys() >= {"test", "interval", "timeout", "retries", "start_period"}
    assert composed.seconds(service["stop_grace_period"]) >= 30
    assert re.search(r":(v?\d+\.\d+(\.\d+)?\S*|local)$|@sha256:[0-9a-f]{64}$", service["image"])


def test_all_of_it_fits_into_a_laptop() -> None:
    assert sum(composed.mebibytes(service["mem_limit"]) for service in SERVICES.values()) <= MOST_MEBIBYTES


def test_nothing_listens_beyond_this_machine_unless_told_to() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert sorted(published) == ["127.0.0.1:19092:19092", "127.0.0.1:3000:3000"]


def test_it_is_read_without_any_variable_so_that_the_broker_starts_alone() -> None:
    text = composed.COMPOSE.read_text(encoding="utf-8")
    assert not re.findall(r"\$\{\w+(?!:-)[^\w}][^}]*\}", text), "a variable that must be set stops every service"
    assert "depends_on" not in SERVICES["redpanda"]


def test_no_password_stands_in_a_file_of_the_project_or_in_an_environment() -> None:
    for service in SERVICES.values():
        stated = service.get("environment", {})
        assert [key for key in stated if "PASSWORD" in key and not key.endswith("_FILE")] == []
    [(_, secret)] = composed.composed()["secrets"].items()
    ignored = subprocess.run(["git", "check-ignore", "--quiet", f"docker/{secret['file']}"], cwd=composed.ROOT)
    assert ignored.returncode == 0, "somebody would commit it"


def test_named_volumes_and_secrets_are_those_that_there_are() -> None:
    document = composed.composed()
    mounted = [volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())]
    assert {each for each in mounted if not each.startswith(".")} == set(document["volumes"])
    assert {each for service in SERVICES.values() for each in service.get("secrets", ())} == set(document["secrets"])


def test_the_state_folder_and_the_broker_are_those_of_the_code_location_alone() -> None:
    holders = [name for name, service in SERVICES.items() if "state:/var/lib/omni" in service.get("volumes", ())]
    assert holders == ["code"]
    assert composed.image_environ()["OMNI_HOME"] == "/var/lib/omni"
    assert [name for name in DAGSTER if "OMNI_BOOTSTRAP_SERVERS" in composed.environ_of(name)] == ["code"]


def test_what_stands_in_the_file_of_variables_holds_whatever_the_shell_says(tmp_path: Path) -> None:
    mine = tmp_path / "omni.env"
    mine.write_text("OMNI_READONLY=1\nOMNI_BOOTSTRAP_SERVERS=broker.example:9093\n", encoding="utf-8")
    told = composed.environ_of("code", {"OMNI_ENV_FILE": str(mine), "OMNI_ENV": "production", "OMNI_READONLY": ""})
    assert read_only(told)
    assert (told["OMNI_BOOTSTRAP_SERVERS"], told["OMNI_ENV"]) == ("broker.example:9093", "production")


def test_without_that_file_the_shell_is_asked_and_then_the_defaults_hold() -> None:
    elsewhere = {"OMNI_ENV_FILE": "none", "OMNI_READONLY": "1"}
    assert read_only(composed.environ_of("code", elsewhere))
    without = composed.environ_of("code", {"OMNI_ENV_FILE": "none"})
    assert not read_only(without)
    assert (without["OMNI_BOOTSTRAP_SERVERS"], without["OMNI_ENV"]) == ("redpanda:9092", "local")


def test_the_code_location_alone_tells_gauges_until_the_file_of_variables_leaves_that_to_workers(
    tmp_path: Path,
) -> None:
    assert [name for name in SERVICES if by_the_location(composed.environ_of(name, {"OMNI_ENV_FILE": "none"}))] == [
        "code"
    ]
    mine = tmp_path / "omni.env"
    mine.write_text("OMNI_GAUGES=\n", encoding="utf-8")
    assert not by_the_location(composed.environ_of("code", {"OMNI_ENV_FILE": str(mine)}))
    values = yaml.safe_load((composed.FOLDER / "helm-values.yaml").read_text(encoding="utf-8"))
    [code] = values["dagster-user-deployments"]["deployments"]
    assert by_the_location({each["name"]: each["value"] for each in code["env"]})


def test_the_code_location_is_told_nothing_that_doctor_would_take_for_a_mistake() -> None:
    told = {name: value or "set" for name, value in composed.environ_of("code", {"OMNI_ENV_FILE": "none"}).items()}
    assert variables({**composed.image_environ(), **told}).answer is Answer.OK
    assert {"OMNI_CODE_HOST", "OMNI_CODE_PORT"} <= composed.environ_of("daemon").keys()
    assert {"OMNI_CODE_HOST", "OMNI_CODE_PORT"} <= composed.environ_of("webserver").keys()


def test_the_image_is_what_the_code_location_runs() -> None:
    assert composed.entry_point() == ["omni-entry"]
    assert json.loads(composed.last("CMD")) == SERVICES["code"]["command"]
    assert composed.last("USER") == "10001:10001"
    assert composed.last("HEALTHCHECK").endswith(json.dumps(SERVICES["code"]["healthcheck"]["test"][1:]))


def test_the_last_stage_installs_nothing_and_copies_what_there_is() -> None:
    words = composed.instructions()
    begins = max(index for index, (word, _) in enumerate(words) if word == "FROM")
    runs = [said for word, said in words[begins:] if word == "RUN"]
    assert not any(re.search(r"\b(pip|apt-get|curl|wget)\b", said) for said in runs)
    assert all((composed.ROOT / source).exists() for source in composed.copied())
    let_in = (composed.ROOT / ".dockerignore").read_text(encoding="utf-8")
    assert {f"!{source}" for source in composed.copied()} == set(re.findall("^!.*$", let_in, re.MULTILINE))


def test_what_the_image_installs_is_what_is_tested() -> None:
    tested = _pins(composed.ROOT / "requirements.lock")
    for lock in ("requirements.lock", "build.lock"):
        pinned = _pins(composed.FOLDER / lock)
        assert pinned
        assert pinned.items() <= tested.items()
    assert {"pytest-xdist", "mypy", "noida-db", "playwright"}.isdisjoint(_pins(composed.FOLDER / "requirements.lock"))


def test_the_instance_is_one_that_dagster_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    for each in ("HOST", "PORT", "USER", "PASSWORD", "DB"):
        monkeypatch.setenv(f"DAGSTER_POSTGRES_{each}", "5432")
    stated = yaml.safe_load((composed.FOLDER / "dagster.yaml").read_text(encoding="utf-8"))
    taken = process_config(resolve_to_config_type(dagster_instance_config_schema()), stated)
    assert taken.success, taken.errors


def test_what_does_not_depend_on_the_machine_is_as_under_omni_up() -> None:
    stated = yaml.safe_load((composed.FOLDER / "dagster.yaml").read_text(encoding="utf-8"))
    alone = yaml.safe_load(dagster_home.INSTANCE)
    for key in ("telemetry", "nux", "compute_logs", "retention", "freshness", "sensors", "schedules"):
        assert stated[key] == alone[key]
    assert stated["concurrency"]["pools"] == alone["concurrency"]["pools"]


def test_the_entry_reads_the_password_from_its_file_and_becomes_the_command(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cr3t/@:\n", encoding="ascii")
    entry = composed.FOLDER / "entry.sh"
    environ = {"PATH": os.environ["PATH"], "DAGSTER_POSTGRES_PASSWORD_FILE": str(tmp_path / "password")}
    asked = ["sh", "-c", 'printf "%s" "$DAGSTER_POSTGRES_PASSWORD"; exit 7']
    ran = subprocess.run([entry, *asked], env=environ, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (7, "s3cr3t/@:")
    without = subprocess.run(
        [entry, *asked], env={**environ, "DAGSTER_POSTGRES_PASSWORD_FILE": "/none"}, capture_output=True
    )
    assert without.returncode not in (0, 7)


def test_the_workflow_runs_what_every_change_has_to_pass() -> None:
    text = (composed.ROOT / ".github" / "workflows" / "ci.yaml").read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    steps = {name: [each.get("run", "") for each in job["steps"]] for name, job in workflow["jobs"].items()}
    assert "bash .ci/run" in steps["everything"]
    assert any("tests/redpanda" in each for each in steps["redpanda"])
    assert workflow["permissions"] == {"contents": "read"}
    assert all("timeout-minutes" in job for job in workflow["jobs"].values())
    used = re.findall(r"uses: \S+@(\S+)", text)
    assert used
    assert all(re.fullmatch("[0-9a-f]{40}", each) for each in used)


def test_the_values_for_the_chart_are_for_the_dagster_that_is_pinned_and_hold_no_secret() -> None:
    text = (composed.FOLDER / "helm-values.yaml").read_text(encoding="utf-8")
    values = yaml.safe_load(text)
    assert f"--version {_pins(composed.ROOT / 'requirements.lock')['dagster']} " in text
    assert "postgresqlPassword" not in values["postgresql"]
    [code] = values["dagster-user-deployments"]["deployments"]
    assert ["dagster", "code-server", "start", *code["codeServerArgs"]] == SERVICES["code"]["command"]
    assert all(code[f"{each}Probe"]["timeoutSeconds"] >= 20 for each in ("startup", "readiness", "liveness"))
    assert code["livenessProbe"]["periodSeconds"] * code["livenessProbe"]["failureThreshold"] >= 300
    mounted = {each["mountPath"] for each in code["volumeMounts"]}
    assert mounted == {composed.image_environ()["OMNI_HOME"], SERVICES["code"]["working_dir"], "/tmp"}
    stated = yaml.safe_load((composed.FOLDER / "dagster.yaml").read_text(encoding="utf-8"))
    assert values["runLauncher"]["config"]["customRunLauncher"].items() >= stated["run_launcher"].items()
    assert values["additionalInstanceConfig"]["concurrency"]["pools"] == stated["concurrency"]["pools"]


def _pins(lock: Path) -> dict[str, str]:
    """The version of each package that a lock names."""
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", lock.read_text(encoding="utf-8"), re.MULTILINE))
