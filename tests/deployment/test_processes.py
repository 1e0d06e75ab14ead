"""The processes of docker/compose.yaml, by the commands that stand there, on a real Postgres and a real broker.

The daemon is killed while a run works, and so is the code location with its run; nothing is lost and nothing doubled,
and all of it ends when it is told to. Only the containers around them are missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import tampering
from tests.support.echo_tasks import Echo
from tests.support.house import PATIENCE_SECONDS, House
from tests.support.postgres import Postgres

pytestmark = [pytest.mark.slow, pytest.mark.dagster, pytest.mark.broker, pytest.mark.timeout(1500)]

SHARE = 20
"""Tasks that wait for the same gate."""

UNFINISHED = "SELECT count(*) FROM runs WHERE status NOT IN ('SUCCESS', 'FAILURE', 'CANCELED')"

NODE = '''\
"""The function of a node: it says what it was told, once somebody has opened the gate of its share of tasks."""
import asyncio, json, os, pathlib
from omni_assets.agents.handlers import Said

async def answer(event):
    number = json.loads(event.data)
    here = pathlib.Path(os.environ["OMNI_HOME"])
    (here / f"begun-{number // SHARE}").touch()
    while not (here / f"gate-{number // SHARE}").exists():
        await asyncio.sleep(0.05)
    return Said(number)
'''.replace("SHARE", str(SHARE))


@pytest.fixture
def echo(broker: Any, tmp_path: Path) -> Echo:
    """A project with a node whose function waits, in a folder that nobody may write into."""
    made = Echo(broker, "gated", tmp_path / "project", "gated_node:answer")
    (made.folder / "omni").mkdir(parents=True)
    (made.folder / "gated_node.py").write_text(NODE, encoding="utf-8")
    made.begin()
    made.folder.chmod(0o555)
    return made


@pytest.fixture
def house(postgres: Postgres, echo: Echo, tmp_path: Path) -> Iterator[House]:
    folder = tmp_path / "house"
    folder.mkdir()
    environ = {"OMNI_HOME": str(echo.folder / "omni"), "OMNI_BOOTSTRAP_SERVERS": echo.broker.bootstrap_servers}
    made = House(folder, echo.folder, postgres, environ)
    yield made
    made.end_all()
    echo.folder.chmod(0o755)


def test_runs_outlive_the_daemon_and_tasks_outlive_the_code_location(
    house: House, echo: Echo, postgres: Postgres
) -> None:
    for each in ("code", "webserver", "daemon"):
        house.start(each)
    as_it_was = sorted(house.instance_folder.rglob("*"))

    tampering.delete(echo.broker.client, echo.letters)
    _succeeds(house, house.launch("reconcile"))
    assert echo.letters in tampering.partitions_of(echo.broker.client)

    echo.submit(range(SHARE))
    _until(_begun(echo, 0).exists, "a run that the daemon launched to begin tasks")
    [first] = house.runs("agent_tasks")
    house.kill("daemon")
    _gate(echo, 0)
    _succeeds(house, first["id"])

    waiting = house.launch("reconcile")
    echo.submit(range(SHARE, 2 * SHARE))
    assert house.status(waiting) == "QUEUED"
    _gate(echo, 1)
    house.start("daemon")
    _succeeds(house, waiting)
    _until(lambda: len(echo.receipts()) == 2 * SHARE, "the tasks that came while no daemon ran")

    echo.submit(range(2 * SHARE, 3 * SHARE))
    _until(_begun(echo, 2).exists, "the last tasks to begin")
    killed = next(each for each in house.runs("agent_tasks") if each["status"] == "STARTED")
    house.kill("code")
    _gate(echo, 2)
    house.start("code")
    _until(lambda: house.status(killed["id"]) == "FAILURE", "the run that died to be told as failed")
    _until(lambda: len(echo.receipts()) == 3 * SHARE, "another run to take its tasks up again")
    _until(lambda: postgres.ask(UNFINISHED) == "0", "the last run to end")

    ended = {each: house.stop(each) for each in ("daemon", "webserver", "code")}
    assert ended == dict.fromkeys(ended, 0)
    _until(lambda: house.left() == [], "nothing to be left of them")
    assert sorted(house.instance_folder.rglob("*")) == as_it_was
    echo.assert_whole(3 * SHARE)


def _begun(echo: Echo, share: int) -> Path:
    return echo.folder / "omni" / f"begun-{share}"


def _gate(echo: Echo, share: int) -> None:
    (echo.folder / "omni" / f"gate-{share}").touch()


def _succeeds(house: House, run: str) -> None:
    _until(lambda: house.status(run) in ("SUCCESS", "FAILURE", "CANCELED"), f"run {run} to end")
    assert house.status(run) == "SUCCESS"


def _until(done: Callable[[], bool], what: str) -> None:
    tampering.wait_until(done, what, PATIENCE_SECONDS)
