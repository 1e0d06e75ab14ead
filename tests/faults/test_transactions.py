"""The wire of a worker goes bad while one of its transactions is open: nothing is lost, and nothing counts twice."""

from __future__ import annotations

import signal
import sys
import time
from itertools import product
from pathlib import Path
from threading import Event

import pytest

from tests.faults.wire import BAD, Wire
from tests.support.echo_tasks import ROOT, Echo, to_end
from tests.support.kafka_cluster import wait_until
from tests.support.proxy import Proxy
from tests.support.tethered import Tethered

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(1800)]

MOMENTS = ("Produce", "TxnOffsetCommit", "EndTxn")
"""What a worker asks between the beginning of a transaction and its end. The broker is asked it, and whoever asked
does not hear the answer."""

SHARE = 10
HELD_SECONDS = 1.0
AT_LAST_SECONDS = 300.0


class Working:
    """``omni worker`` over a wire, and another one where it ended with a sentence."""

    def __init__(self, echo: Echo, log: Path) -> None:
        self._command = [str(Path(sys.executable).with_name("omni")), "worker", "--node", echo.node]
        self._log = log
        self._process = Tethered(self._command, log)

    def goes_on(self) -> None:
        if not self._process.running:
            self.end()
            self._process = Tethered(self._command, self._log)

    def end(self) -> None:
        code, said = self._process.end(signal.SIGTERM, 60), self._log.read_text(encoding="utf-8")
        assert "Traceback" not in said, said
        assert code == 128 + signal.SIGTERM or said.rpartition("omni: ")[1], (code, said)


def work_over(echo: Echo, address: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut a worker at each moment in each way, with tasks of its own, and prove that each of them ended once."""
    with Proxy(address) as proxy, Wire(int(proxy.bootstrap_servers.rpartition(":")[2])) as wire:
        for name, value in {**echo.environ, "PYTHONPATH": str(ROOT), "OMNI_BOOTSTRAP_SERVERS": wire.address}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(folder)
        worker = Working(echo, folder / "worker.log")
        try:
            for number, (moment, fault) in enumerate(product(MOMENTS, BAD), 1):
                bad = Event()
                proxy.before(moment, lambda fault=fault, bad=bad: (wire.put(fault), bad.set()))
                echo.submit(range((number - 1) * SHARE, number * SHARE))
                assert bad.wait(AT_LAST_SECONDS), f"no worker asked {moment}"
                time.sleep(HELD_SECONDS)
                wire.mend()

                def all_ended(total: int = number * SHARE) -> bool:
                    worker.goes_on()
                    return len(echo.results()) >= total

                wait_until(all_ended, AT_LAST_SECONDS, f"the tasks after {moment} with {fault.value}")
        finally:
            worker.end()
    to_end(echo.worker())  # where positions were lost, it works on something again
    echo.assert_ended(number * SHARE)


def test_each_task_ends_once_whenever_the_wire_is_cut(broker, tmp_path, monkeypatch):
    echo = Echo(broker, "wired", tmp_path).begin()
    work_over(echo, broker.bootstrap_servers, tmp_path, monkeypatch)
