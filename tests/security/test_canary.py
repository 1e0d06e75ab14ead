"""Secrets are planted wherever secrets stand, everything is done with them, and every trace of that is searched."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from omni_assets.operations.alerts.looking import look_at_drift, look_at_tasks
from omni_assets.operations.alerts.telling import channels, tell
from omni_assets.operations.context import resolve
from tests.cli.conftest import OMNI, Project, Ran, made
from tests.support import lived
from tests.support.canaries import found_in_folder, found_in_text, found_on
from tests.support.identity_provider import IdentityProvider
from tests.support.kafka_cluster import KafkaCluster, wait_until
from tests.support.kafka_secured import ADMIN, environ_of, password_of, variables
from tests.support.lived import DONE, PLAN, ROUTED, TASKS, Lived
from tests.support.model_endpoint import ModelEndpoint, answers, fails
from tests.support.routed_project import KEY, KEY_ENV, LABELLED, SMALL_ENV
from tests.support.webhook import Webhook

CANARIES = {
    "the password of the broker": password_of(ADMIN),
    "a password that is wrong": "wrong-hush-90b2e1",
    "the key of a model": KEY,
    "the address of the webhook": "hush-webhook-3c55aa",
    "the secret of a client for tokens": "hush-client-11d7f0",
    "the password in an address": "hush-in-address-7e21",
}
PASSWORD, WRONG, _, HOOK, CLIENT, IN_ADDRESS = CANARIES.values()
# A handler that was given a secret and quotes it: whoever wrote it meant the best.
_QUOTES = """\
import os


def work(event, context):
    password, key = os.environ["HANDLER_PASSWORD"], os.environ["OMNI_KEY"]
    raise RuntimeError(f"401 from https://omni:{password}@elsewhere/ for {key}")
"""
_TALKER = """\
handler: {kind: python, entry: "talker:work"}
event_bus:
  subscribe_topics: [{topic: onex.cmd.talker.talk-asked.v1, partitions: 1}]
  dlq_topics: [{topic: onex.dlq.talker.dead-letter.v1, partitions: 1}]
"""


@dataclass
class Trail:
    """A project with secrets, and everything that commands said there."""

    project: Project
    cluster: KafkaCluster
    said: list[str] = field(default_factory=list)

    def omni(self, *arguments: str, **environ: str) -> Ran:
        """Run a command, which may show a traceback: those are searched, too."""
        ended = subprocess.run(
            [str(OMNI), *arguments],
            cwd=self.project.folder,
            env={**self.project.environ, **environ},
            capture_output=True,
            text=True,
            timeout=300,
        )
        self.said.append(ended.stdout + ended.stderr)
        return Ran(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture(scope="module")
def trail(one_secured_broker: KafkaCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trail]:
    folder = tmp_path_factory.mktemp("canary")
    project = made(folder)
    secrets = folder / "secrets"
    secrets.mkdir()
    webhook = Webhook()
    hook = webhook.address.replace("/services/hush", f"/services/{HOOK}")
    for name, secret in {"password": PASSWORD, "key": KEY, "hook": hook}.items():
        (secrets / name).write_text(f"{secret}\n", encoding="utf-8")
    reach = environ_of(one_secured_broker, ADMIN)
    del reach["OMNI_KAFKA_SASL_PASSWORD"]
    with ModelEndpoint(otherwise=answers(LABELLED)) as small, ModelEndpoint() as large:
        large.otherwise = fails(401, f"there is no key {KEY}")
        lived.write(project, large.base_url)
        project.environ |= {
            **reach,
            "OMNI_BOOTSTRAP_SERVERS": one_secured_broker.bootstrap_servers,
            "OMNI_KAFKA_SASL_PASSWORD_FILE": str(secrets / "password"),
            f"{KEY_ENV}_FILE": str(secrets / "key"),
            "OMNI_ALERT_WEBHOOK_FILE": str(secrets / "hook"),
            SMALL_ENV: small.base_url,
        }
        trail = Trail(project, one_secured_broker)
        lived_project = lived.live(project, one_secured_broker.connection, trail.omni)
        _go_on(trail, lived_project, small, webhook)
        yield trail
    webhook.close()
    client = one_secured_broker.client
    names = [name for listed in one_secured_broker.listings() for name in listed]
    for deleted in client.delete_topics(names).values():
        deleted.result(20)
    wait_until(lambda: not any(one_secured_broker.listings()), 30, "the topics to be gone")


def _go_on(trail: Trail, lived_project: Lived, small: ModelEndpoint, webhook: Webhook) -> None:
    """Everything else that can be done, and everything that can go wrong while a secret is at hand."""
    omni = trail.omni
    for words in (
        ("apply", PLAN), ("check",), ("topics",), ("explain", DONE), ("validate",), ("boot",), ("observe",),
        ("top", "--once"),
        ("apply", "--safe"), ("task", "submit", TASKS), ("worker", "--drain", "--format", "json"),
        ("task", "show", lived_project.task), ("receipts", "show", lived_project.receipt),
        ("task", "dlq", "show", lived_project.letter), ("task", "approvals"), ("doctor",), ("savings",), ("report",),
        ("sql", "select * from receipts"), ("rebuild",), ("up", "--once"),
    ):  # fmt: skip
        ran = omni(*words, OMNI_DEBUG="1")
        assert ran.code in {0, 1}, (words, ran)
    small.otherwise = answers("no label")
    assert omni("route", "run", ROUTED, "--format", "json").code == 1
    _let_a_handler_quote(trail)
    _tell_alerts(trail.project, webhook)
    _knock_with_what_is_wrong(trail)


def _let_a_handler_quote(trail: Trail) -> None:
    trail.project.contract("talker", f"name: talker\n{_TALKER}")
    (trail.project.folder / "talker.py").write_text(_QUOTES, encoding="utf-8")
    (trail.project.folder / "talk.jsonl").write_text('{"topic": "onex.cmd.talker.talk-asked.v1", "data": {}}\n')
    assert trail.omni("provision").code == 0
    assert trail.omni("task", "submit", "talk.jsonl").code == 0
    worked = trail.omni("worker", "--drain", "--node", "talker", HANDLER_PASSWORD=IN_ADDRESS, OMNI_KEY=KEY)
    assert (worked.code, worked.out) == (1, "talker: 1 task dead-lettered\n")
    shown = trail.omni("task", "dlq", "list")
    assert "401 from https://***@elsewhere/ for ***" in shown.out


def _tell_alerts(project: Project, webhook: Webhook) -> None:
    context = resolve(environ=project.environ, folder=project.folder)
    now = datetime.now(UTC)
    to = channels(context, project.environ)
    webhook.answers += [400]
    refused = tell(context, look_at_tasks(context, now), to, now)
    told = tell(context, look_at_drift(context), to, now)
    assert told.rows["topic"]
    assert all(HOOK in path for path in webhook.attempts), "the webhook was asked at its secret address"
    assert found_in_text(str((refused, told, webhook.received)), CANARIES) == []


def _knock_with_what_is_wrong(trail: Trail) -> None:
    password = trail.omni("drift", OMNI_KAFKA_SASL_PASSWORD=WRONG, OMNI_KAFKA_SASL_PASSWORD_FILE="", OMNI_DEBUG="1")
    assert password.code == 2
    both = trail.omni("drift", OMNI_KAFKA_SASL_PASSWORD=PASSWORD)
    assert "are both set" in both.err
    provider = IdentityProvider("another", ADMIN)
    authority = trail.cluster.flavour.properties["ssl.ca.location"]
    asked = variables(provider.properties(CLIENT, authority, user=f"omni:{IN_ADDRESS}"))
    for command in (("drift",), ("provision",), ("worker", "--drain"), ("task", "submit", TASKS), ("doctor",)):
        ran = trail.omni(*command, OMNI_KAFKA_SASL_PASSWORD_FILE="", OMNI_DEBUG="1", **asked)
        assert ran.code in {1, 2}, ran
        assert "nobody knows omni:***" in ran.out + ran.err, ran
    provider.close()
    address = trail.omni("drift", "--bootstrap-servers", f"omni:{IN_ADDRESS}@broker.example:9092")
    assert "`***@broker.example:9092` is not a broker address" in address.err


@pytest.mark.cluster
@pytest.mark.dagster
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_secret_is_anywhere(trail: Trail) -> None:
    assert len(trail.said) > 40
    assert found_in_text("".join(trail.said), CANARIES) == []
    home = trail.project.home
    for kind in ("*.duckdb", "*.jsonl", "*.html", "*.db", "*.log"):
        assert list(home.rglob(kind)), f"there is no {kind} to be searched"
    assert found_in_folder(home, CANARIES) == []
    assert found_in_folder(trail.project.folder, CANARIES) == []
    assert found_on(trail.cluster.connection, CANARIES) == []


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "a.duckdb")) as connection:
        connection.execute("CREATE TABLE t AS SELECT 'about ' || ? AS held FROM range(5000)", [PASSWORD])
    database = sqlite3.connect(tmp_path / "b.db")
    database.execute("CREATE TABLE t (held TEXT)")
    database.execute("INSERT INTO t VALUES (?)", [KEY])
    database.commit()
    database.close()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.log").write_text(f"https://hooks/{HOOK}")
    assert found_in_folder(tmp_path, CANARIES) == [
        "the password of the broker in a.duckdb",
        "the key of a model in b.db",
        "the address of the webhook in sub/c.log",
    ]


@pytest.mark.parametrize("pad", ["", "a", "ab"])
def test_nor_does_base64_hide_it(pad: str) -> None:
    import base64

    hidden = base64.b64encode(f"{pad}{PASSWORD} and so on".encode()).decode()
    assert found_in_text(hidden, CANARIES) == ["the password of the broker"]
