"""What answers to browsers answers on this machine alone, and to nobody who came by another name.

That everything which `omni up` starts listens on loopback is seen in tests/operations/test_up.py; the rules of the
report's own server in tests/operations/report/test_serving.py.
"""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import pytest
import yaml

from tests.support.listening import listened_at, reached_from_elsewhere

COMPOSE = Path(__file__).parents[2] / "docker" / "compose.yaml"


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="/proc/net/tcp, where listeners are told, is not here")
@pytest.mark.parametrize(
    ("host", "elsewhere"), [("127.0.0.1", False), ("127.0.0.53", False), ("0.0.0.0", True)]  # noqa: S104 - to be found
)  # fmt: skip
def test_who_listens_for_others_is_found(host: str, elsewhere: bool) -> None:
    with socket.create_server((host, 0)) as server:
        at = (host, server.getsockname()[1])
        assert at in listened_at([os.getpid()])
        assert (at in reached_from_elsewhere([os.getpid()])) is elsewhere


def test_containers_are_reached_from_this_machine_alone_unless_it_is_said() -> None:
    services = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert ports
    assert all(re.match(r"\$\{OMNI_[A-Z]+_HOST:-127\.0\.0\.1\}:|127\.0\.0\.1:", each) for each in ports), ports
