"""Dead letters by their positions; ``tests/cli/test_dead_letters.py`` has the rest, end to end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.errors import InputError, ReadOnly
from omni_assets.operations.agents.dead_letters import Filter, Position, letters, opened, position, requeue_all
from omni_assets.operations.context import Context, resolve
from omni_assets.operations.provision import provision

LETTERS = "onex.dlq.echo.dead-letter.v1"


@pytest.fixture
def context(tmp_path: Path, broker: Any) -> Context:
    """A project without a ledger, whose broker has one topic of dead letters and lacks another one."""
    (tmp_path / "contracts" / "echo").mkdir(parents=True)
    contract = tmp_path / "contracts" / "echo" / "contract.yaml"
    contract.write_text(f"name: echo\nevent_bus:\n  dlq_topics: [{LETTERS}]\n", encoding="utf-8")
    environ = {"OMNI_HOME": str(tmp_path / "state"), "OMNI_BOOTSTRAP_SERVERS": broker.bootstrap_servers}
    provision(resolve(environ=environ, folder=tmp_path), resolve(environ=environ, folder=tmp_path).manifest())
    contract.write_text(f"name: echo\nevent_bus:\n  dlq_topics: [{LETTERS}, onex.dlq.echo.late.v1]\n", encoding="utf-8")
    return resolve(environ=environ, folder=tmp_path)


@given(st.from_regex(r"[a-z0-9.-]{1,40}", fullmatch=True), st.integers(0, 10**9), st.integers(0, 10**17))
def test_a_position_is_read_as_it_is_written(topic: str, partition: int, offset: int) -> None:
    assert position(str(Position(topic, partition, offset))) == (topic, partition, offset)


@pytest.mark.parametrize(
    "text", ["", "topic", "topic/0", "topic/0/", "/0/0", "topic/-1/0", "topic/0/0/0", "topic/a/1", "t/1/٣"]
)
def test_what_is_no_position_is_named(text: str) -> None:
    with pytest.raises(InputError, match="is no position of a dead letter"):
        position(text)


@pytest.mark.broker
def test_where_there_are_no_letters_none_are_found(context: Context) -> None:
    assert letters(context, Filter(), 10).found == ()
    done = requeue_all(context, Filter())
    assert (done.sent, done.left) == ([], [])
    for at in (Position(LETTERS, 0, 0), Position(LETTERS, 9, 0), Position("onex.dlq.echo.late.v1", 0, 0)):
        with pytest.raises(InputError, match="there is no dead letter at"):
            opened(context, at)
    with pytest.raises(InputError, match=f"Perhaps `{LETTERS}` is meant"):
        opened(context, Position("onex.dlq.echo.dead-leter.v1", 0, 0))


@pytest.mark.broker
def test_nothing_is_sent_where_writing_is_forbidden(context: Context, tmp_path: Path) -> None:
    environ = {"OMNI_HOME": str(context.home), "OMNI_BOOTSTRAP_SERVERS": context.bootstrap_servers}
    with pytest.raises(ReadOnly):
        requeue_all(resolve(environ={**environ, "OMNI_READONLY": "1"}, folder=tmp_path), Filter())
