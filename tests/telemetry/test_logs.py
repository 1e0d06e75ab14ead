from __future__ import annotations

import io
import json
import logging
import sys
import threading
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.credentials import Redactor
from omni_assets.telemetry import facts, logs
from omni_assets.telemetry.logs import JsonLines, LogFormat

LOG = logging.getLogger("omni_assets.tests")


@pytest.fixture
def programs(monkeypatch):
    """Standard error as programs read it, for as long as it is entered: a document a line."""
    monkeypatch.setenv("OMNI_KAFKA_SASL_PASSWORD", "open-sesame-and-more")

    @contextmanager
    def read():
        stream = io.StringIO()
        monkeypatch.setattr(sys, "stderr", stream)
        logs.begin(LogFormat.JSON)
        try:
            yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
        finally:
            logs.end()

    return read


def test_a_line_says_when_how_bad_what_and_about_what(programs):
    with programs() as written:
        with facts.about(run="r1", node="echo"), facts.about(topic="onex.evt.a.b.v1", offset=7):
            LOG.info("%d were done", 3, extra={"facts": {"outcome": "done"}})
        (line,) = written()
        assert line.pop("time").endswith("+00:00")
        assert line == {
            "level": "info",
            "logger": "omni_assets.tests",
            "message": "3 were done",
            "run": "r1",
            "node": "echo",
            "topic": "onex.evt.a.b.v1",
            "offset": 7,
            "outcome": "done",
        }


def test_what_anybody_says_is_a_line_too(programs):
    with programs() as written:
        print("omni: two\nlines \x1b[31mred\x1b[0m", file=sys.stderr)
        logging.getLogger("somebody").warning("careful")
        logging.getLogger("somebody").info("nobody asked")
        assert [each["message"] for each in written()] == ["omni: two", "lines \x1b[31mred\x1b[0m", "careful"]


def test_what_is_printed_within_is_a_line(programs, capsys):
    with programs() as written:
        with logs.printed(), facts.about(task="t1"):
            print("hello")
        print("result")
        (line,) = written()
        assert (line["message"], line["task"]) == ("hello", "t1")
        assert capsys.readouterr().out == "result\n"


def test_lines_of_threads_are_not_mixed(programs):
    with programs() as written:
        begun, go_on = threading.Event(), threading.Event()

        def other():
            sys.stderr.write("the first half")
            begun.set()
            go_on.wait(60)
            sys.stderr.write(", the second\n")

        thread = threading.Thread(target=other)
        thread.start()
        begun.wait(60)
        sys.stderr.write("between\n")
        go_on.set()
        thread.join()
        assert [each["message"] for each in written()] == ["between", "the first half, the second"]


def test_no_secret_of_the_environment_is_in_a_line(programs):
    with programs() as written:
        LOG.warning("it said open-sesame-and-more", extra={"facts": {"reason": "open-sesame-and-more!"}})
        print("open-sesame-and-more", file=sys.stderr)
        first, second = written()
        assert first["message"] == "it said ***"
        assert first["reason"] == "***!"
        assert second["message"] == "***"


def test_an_exception_is_told_by_its_class_alone(programs):
    with programs() as written:
        try:
            int("the key is 12345678")
        except ValueError:
            LOG.exception("it failed")
        (line,) = written()
        assert (line["error"], line["message"]) == ("ValueError", "it failed")
        assert "12345678" not in json.dumps(line)


def test_a_message_that_cannot_be_put_together_is_a_line_all_the_same():
    record = logging.LogRecord("any", logging.INFO, "", 0, "%d", ("three",), None)
    assert json.loads(JsonLines(Redactor(())).format(record))["message"] == "%d"


def test_a_reader_that_went_away_holds_up_nothing(monkeypatch):
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Gone())
    logs.begin(LogFormat.JSON)
    try:
        LOG.warning("is anybody there?")
        print("or here?", file=sys.stderr)
    finally:
        logs.end()


def test_people_see_what_they_always_saw(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logs.begin(LogFormat.TEXT)
    LOG.warning("nobody reads this")
    print("omni: as ever", file=sys.stderr)
    assert stream.getvalue() == "omni: as ever\n"
    assert not logs.are_json()


def test_the_end_puts_everything_back(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    handlers, level = [*logging.getLogger().handlers], logging.getLogger("omni_assets").level
    logs.begin(LogFormat.JSON)
    logs.begin(LogFormat.JSON)
    logs.end()
    logs.end()
    assert sys.stderr is stream
    assert logging.getLogger().handlers == handlers
    assert logging.getLogger("omni_assets").level == level


@given(st.text(), st.text())
def test_whatever_is_logged_is_one_line_of_json(message, fact):
    record = logging.LogRecord("any", logging.INFO, "", 0, "%s", (message,), None)
    record.facts = {"reason": fact}
    line = JsonLines(Redactor(())).format(record)
    assert len(line.splitlines()) == 1
    assert json.loads(line)["message"] == message[: logs.LONGEST]
