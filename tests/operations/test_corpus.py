"""The real contracts on a real broker: provision them, find nothing, then find what was changed by hand."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from confluent_kafka.admin import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from omni_assets.operations import dagster_home

pytestmark = [pytest.mark.broker, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "corpus"


class Omni:
    """The command line with a state folder and a broker of its own."""

    def __init__(self, home: Path, bootstrap_servers: str) -> None:
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("OMNI_")},
            "OMNI_HOME": str(home),
            "OMNI_CONTRACTS": str(CORPUS),
            "OMNI_BOOTSTRAP_SERVERS": bootstrap_servers,
            "DAGSTER_HOME": str(dagster_home.prepare(home)),
        }

    def __call__(self, *arguments: str) -> tuple[int, str]:
        ended = self.python("-m", "omni_assets.cli.main", *arguments)
        assert "Traceback" not in ended.stderr
        return ended.returncode, ended.stdout

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments], env=self.environ, cwd=ROOT, capture_output=True, text=True, check=False
        )


@pytest.fixture
def omni(tmp_path: Path, broker) -> Omni:
    if not CORPUS.is_dir():
        pytest.skip(f"the shared corpus of real contracts is not at {CORPUS}")
    return Omni(tmp_path / "state", broker.bootstrap_servers)


def settle(futures) -> None:
    for future in futures.values():
        future.result(10)


def test_the_corpus_is_provisioned_and_every_change_behind_its_back_is_found(omni: Omni, broker) -> None:
    _, output = omni("topics", "--format", "json")
    declared = [topic["name"] for topic in json.loads(output)["topics"]]
    assert len(declared) > 200

    code, output = omni("provision", "--format", "json")
    provisioned = json.loads(output)
    assert code == 1, "the corpus has malformed names, which are errors"
    none = {"existed": 0, "failed": 0, "unconfirmed": 0, "skipped": 0}
    assert provisioned["counts"] == {"created": len(declared), **none}

    client = broker.client
    assert set(declared) <= set(client.list_topics(timeout=10).topics)

    code, output = omni("drift", "--format", "json")
    assert json.loads(output)["drift"] == []

    deleted, shortened, widened = declared[0], declared[1], declared[2]
    orphan = "onex.evt.omniclaude.nobody-declared-this.v1"
    settle(client.delete_topics([deleted]))
    settle(client.create_topics([NewTopic(orphan, num_partitions=1, replication_factor=1)]))
    entry = ConfigEntry("retention.ms", "3600000", incremental_operation=AlterConfigOpType.SET)
    settle(
        client.incremental_alter_configs([ConfigResource(ResourceType.TOPIC, shortened, incremental_configs=[entry])])
    )
    settle(client.create_partitions([NewPartitions(widened, 5)]))

    expected = {
        (deleted, "missing", "auto_fixable"),
        (orphan, "orphaned", "needs_approval"),
        (shortened, "config", "auto_fixable"),
        (widened, "partitions", "unfixable"),
    }

    code, output = omni("drift", "--format", "json")
    assert code == 1
    rows = json.loads(output)["drift"]
    assert {(row["topic"], row["kind"], row["verdict"]) for row in rows} == expected
    for row in rows:
        if row["kind"] != "orphaned":
            assert (ROOT / row["path"]).is_file()
            assert row["topic"] in (ROOT / row["path"]).read_text(encoding="utf-8").splitlines()[row["line"] - 1]

    code, output = omni("sql", "SELECT topic, kind, verdict FROM drift", "--format", "csv")
    assert code == 0
    assert {(row["topic"], row["kind"], row["verdict"]) for row in csv.DictReader(io.StringIO(output))} == expected

    ended = omni.python("-m", "omni_assets.pipeline.reconcile")
    run = json.loads(ended.stdout)
    assert run["success"] is True, ended.stderr
    code, output = omni("drift", "--stored", "--format", "json")
    left = {(row["topic"], row["kind"], row["verdict"]) for row in json.loads(output)["drift"]}
    assert left == {row for row in expected if row[2] != "auto_fixable"}
    assert deleted in client.list_topics(timeout=10).topics
