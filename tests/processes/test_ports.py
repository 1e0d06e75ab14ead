from __future__ import annotations

from collections.abc import Callable

from omni_assets.processes import ports


def test_a_port_that_somebody_holds_is_not_free(closed_port: int, free_port: Callable[[], int]) -> None:
    assert not ports.port_is_free("127.0.0.1", closed_port)
    assert any(ports.port_is_free("127.0.0.1", free_port()) for _ in range(5))


def test_no_port_of_a_host_that_does_not_exist_is_free() -> None:
    assert not ports.port_is_free("broker.invalid", 9092)
