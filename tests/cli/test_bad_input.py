"""Whatever is wrong from outside gives one clear sentence, the right exit code, and loses nothing."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = "onex.evt.router.routing-complete.v1"
OVER_A_BROKER = ("provision", "validate", "observe", "drift", "boot")


def one_sentence(ran):
    """The only thing said is an error and the way out."""
    assert ran.out == ""
    first, *rest = ran.err.splitlines()
    assert first.startswith("omni: ")
    assert all(line.startswith("      ") for line in rest)
    assert len(rest) == 1
    return first


def broken(kind, path):
    """Put a contract that cannot be read at ``path``."""
    path.parent.mkdir(parents=True)
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "comments only":
        path.write_bytes(b"# nothing here\n")
    elif kind == "not YAML":
        path.write_bytes(b"name: [router\n")
    elif kind == "a list":
        path.write_bytes(b"- onex.evt.a.b.v1\n")
    elif kind == "not UTF-8":
        path.write_bytes("name: r\xe9viseur\n".encode("latin-1"))
    elif kind == "50 MB":
        path.write_bytes(b"# " + b"x" * 50_000_000)
    elif kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a dangling link":
        path.symlink_to("nowhere.yaml")
    elif kind == "a folder":
        path.mkdir()


KINDS = {
    "empty": "OM003",
    "comments only": "OM003",
    "not YAML": "OM002",
    "a list": "OM004",
    "not UTF-8": "OM001",
    "50 MB": "OM001",
    "a pipe": "OM0",
    "a dangling link": "OM001",
    "a folder": "OM001",
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_contract_that_cannot_be_used_is_a_finding_with_its_place(project, kind):
    path = project.folder / "contracts" / "broken" / "contract.yaml"
    broken(kind, path)
    ran = project.omni("check", "--ignore", "OM2")
    assert ran.code == 1
    assert ran.err == ""
    place, _, words = ran.out.splitlines()[0].partition(" ")
    assert place.startswith("contracts/broken/contract.yaml:")
    assert words.startswith(KINDS[kind])
    assert ran.out.splitlines()[-1].startswith("1 error in 2 contracts, 3 topics")
    topics = project.omni("topics", "--format", "json")
    assert topics.code == 1
    assert GOOD in {topic["name"] for topic in topics.document["topics"]}


@pytest.mark.parametrize("command", ["check", "topics", "provision", "validate", "drift", "boot"])
def test_a_path_that_does_not_exist(project, command):
    ran = project.omni(command, "nowhere", "--format", "json")
    assert ran.code == 2
    assert "cannot read nowhere: no such file or folder" in one_sentence(ran)


@pytest.mark.parametrize("command", ["check", "provision"])
def test_a_folder_without_contracts(project, command):
    (project.folder / "empty").mkdir()
    ran = project.omni(command, "empty")
    assert ran.code == 2
    assert "no contract.yaml under empty" in one_sentence(ran)


@pytest.mark.parametrize("command", OVER_A_BROKER)
@pytest.mark.parametrize("output", ["text", "json"])
def test_a_broker_that_is_down_is_never_a_success(project, nobody, command, output):
    more = ("--deadline", "0") if command == "boot" else ()
    ran = project.omni(command, "--bootstrap-servers", nobody, "--format", output, *more, OMNI_BROKER_TIMEOUT="1")
    assert ran.code == 2
    assert f"no broker answers at {nobody} (connection refused" in one_sentence(ran)
    assert "omni broker start" in ran.err


def test_boot_tries_again_until_the_deadline(project, nobody):
    (project.folder / "sitecustomize.py").write_text(
        "import omni_assets.operations.context as context\n"
        "real = context.resolve\n"
        "def resolve(*arguments, **named):\n"
        "    open('attempts', 'a').write('x')\n"
        "    return real(*arguments, **named)\n"
        "context.resolve = resolve\n"
    )
    environ = {"OMNI_BROKER_TIMEOUT": "0.5", "PYTHONPATH": str(project.folder)}
    ran = project.omni("boot", "--bootstrap-servers", nobody, "--deadline", "3", **environ)
    assert ran.code == 2
    assert f"no broker answers at {nobody} (connection refused" in one_sentence(ran)
    assert len((project.folder / "attempts").read_text()) > 1


def test_a_port_that_never_answers(project):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        ran = project.omni("provision", "--bootstrap-servers", address, OMNI_BROKER_TIMEOUT="1")
    assert ran.code == 2
    assert f"no broker answers at {address}" in one_sentence(ran)


def test_an_address_that_is_none(project):
    ran = project.omni("drift", "--bootstrap-servers", "host:port:more")
    assert ran.code == 2
    assert "`host:port:more` is not a broker address" in one_sentence(ran)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("[grammar\n", "omni.toml is not TOML"),
        ("contract = ['x']\n", "omni.toml: `contract`"),
        ("[grammar]\npattern = 'x.{kind}'\n", "omni.toml: `grammar`"),
        ("[check]\nselect = ['OM1', 'OM29']\n", "`check.select[1]`: there is no rule `OM29`; did you mean `OM201`"),
        (
            "[check]\nignore = ['near-mis']\n",
            "`check.ignore[0]`: there is no rule `near-mis`; did you mean `near-miss`?",
        ),
        ("[check.severity]\nOM999 = 'note'\n", "`check.severity.OM999`: there is no rule `OM999`."),
        ("[check.severity]\nOM101 = 'fatal'\n", "`check.severity.OM101`"),
        (
            "[[check.exemptions]]\ncode = 'templates'\nreason = 'x'\nexpires = 2030-01-01\n",
            "`check.exemptions[0].code`: there is no rule `templates`",
        ),
        ("[[check.exemptions]]\ncode = 'OM101'\nexpires = 2030-01-01\n", "`check.exemptions[0].reason` is missing"),
        ("[check]\nbaseline = 'gone.json'\n", "the baseline gone.json cannot be used: there is no such file."),
    ],
)
def test_settings_that_cannot_be_used(project, settings, words):
    (project.folder / "omni.toml").write_text(settings)
    ran = project.omni("check")
    assert ran.code == 2
    assert words in one_sentence(ran)


@pytest.mark.parametrize("text", ["", "{}", "<<<<<<< ours", '{"version": 9, "findings": []}'])
def test_a_baseline_that_is_damaged(project, text):
    file = project.folder / "baseline.json"
    file.write_text(text)
    ran = project.omni("check", "--baseline", "baseline.json", "--format", "json")
    assert ran.code == 2
    assert "the baseline baseline.json cannot be used: " in one_sentence(ran)
    assert "--write-baseline" in ran.err
    assert file.read_text() == text


def test_a_baseline_that_cannot_be_written(project):
    ran = project.omni("check", "--write-baseline", "--baseline", "nowhere/baseline.json")
    assert ran.code == 2
    assert "the baseline nowhere/baseline.json cannot be used: no such file or directory." in one_sentence(ran)


def test_a_profile_that_does_not_exist(project):
    ran = project.omni("topics", "--env", "moon")
    assert ran.code == 2
    assert "there is no environment `moon`" in one_sentence(ran)


def test_a_librdkafka_property_that_does_not_exist_shows_no_value(project, nobody):
    ran = project.omni("drift", "--bootstrap-servers", nobody, OMNI_KAFKA_SASL_PASWORD="hunter2")  # noqa: S106
    assert ran.code == 2
    assert "`sasl.pasword`" in one_sentence(ran)
    assert "hunter2" not in ran.err


@pytest.fixture(params=["a file", "read-only"])
def unusable(request, tmp_path):
    """A state folder that nobody can write to, not even root."""
    if request.param == "read-only":
        return "/proc/omni"
    (tmp_path / "file").write_text("precious")
    return str(tmp_path / "file")


@pytest.mark.broker
@pytest.mark.parametrize("command", ["observe", "drift", "validate"])
def test_a_state_folder_that_cannot_be_used(running, address, unusable, command):
    ran = running.omni(command, "--bootstrap-servers", address, "--format", "json", OMNI_HOME=unusable)
    assert ran.code == 2
    assert unusable in ran.err
    assert "OMNI_HOME" in ran.err
    if unusable != "/proc/omni":
        with open(unusable) as file:
            assert file.read() == "precious"


@pytest.mark.parametrize("arguments", [("broker", "start"), ("sql", "SELECT 1"), ("drift", "--stored")])
def test_a_state_folder_that_cannot_be_used_without_a_broker(project, unusable, arguments):
    ran = project.omni(*arguments, OMNI_HOME=unusable)
    assert ran.code == 2
    assert unusable in one_sentence(ran)


@pytest.mark.parametrize("arguments", [("sql", "SELECT 1"), ("drift", "--stored")])
def test_a_projection_that_is_damaged(project, arguments):
    project.home.mkdir(parents=True)
    file = project.home / "projection.duckdb"
    file.write_bytes(b"this is not a database" * 1000)
    ran = project.omni(*arguments)
    assert ran.code == 2
    assert f"{file} cannot be read as a DuckDB database" in one_sentence(ran)
    assert file.read_bytes().startswith(b"this is not a database")


@pytest.mark.broker
def test_a_projection_of_a_newer_version(provisioned):
    import duckdb

    file = provisioned.home / "projection.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("INSERT INTO schema_version VALUES (999, now())")
    ran = provisioned.omni("drift")
    assert ran.code == 2
    assert f"{file} has schema version 999" in one_sentence(ran)


@pytest.mark.broker
def test_a_projection_that_another_program_holds(projected):
    file = projected.home / "projection.duckdb"
    code = f"import duckdb; held = duckdb.connect({str(file)!r}); print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        ran = projected.omni("sql", "SELECT 1", "--timeout", "4")
        assert ran.code == 2
        assert f"{file} has been locked by process {holder.pid}" in one_sentence(ran)
        holder.communicate("\n")
    assert projected.omni("sql", "SELECT 1").code == 0


def test_what_nobody_foresaw_is_one_sentence_too(project):
    (project.folder / "sitecustomize.py").write_text(
        "import omni_assets.operations.context as context\n"
        "def resolve(*_, **__): raise KeyError('onex\\x1b[31m')\n"
        "context.resolve = resolve\n"
    )
    ran = project.omni("check", PYTHONPATH=str(project.folder))
    assert ran.code == 2
    assert "an unforeseen KeyError ended this command: 'onex\\x1b[31m'." in one_sentence(ran)
    assert "OMNI_DEBUG=1" in ran.err
    shown = subprocess.run(
        [Path(sys.executable).with_name("omni"), "check"],
        cwd=project.folder,
        env={**project.environ, "PYTHONPATH": str(project.folder), "OMNI_DEBUG": "1"},
        capture_output=True,
        text=True,
    )
    assert shown.returncode == 2
    assert "Traceback" in shown.stderr
