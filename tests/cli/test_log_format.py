"""``--log-format json``: what is said on standard error is a line of JSON each, errors of the command included."""

from __future__ import annotations

import json

import pytest


@pytest.mark.slow
def test_an_error_is_a_line_with_its_way_out(project, nobody):
    ran = project.omni("boot", "--deadline", "8", "--log-format", "json", "--bootstrap-servers", nobody)
    assert (ran.code, ran.out) == (2, "")
    lines = [json.loads(line) for line in ran.err.splitlines()]
    assert lines[0]["level"] == "info"
    assert "Trying again" in lines[0]["message"]
    assert lines[-1]["level"] == "error"
    assert lines[-1]["message"].startswith(f"no broker answers at {nobody}")
    assert lines[-1]["remedy"].startswith("Start one with `omni broker start`")
    assert not lines[-1]["message"].startswith("omni:")


def test_the_variable_says_the_same_and_the_option_comes_first(project, nobody):
    boot = ("boot", "--deadline", "0", "--bootstrap-servers", nobody)
    by_variable = project.omni(*boot, OMNI_LOG_FORMAT="json")
    assert json.loads(by_variable.err.splitlines()[-1])["level"] == "error"
    for people in (
        project.omni(*boot),
        project.omni(*boot, OMNI_LOG_FORMAT=""),
        project.omni(*boot, "--log-format", "text", OMNI_LOG_FORMAT="json"),
    ):
        assert people.err.startswith(f"omni: no broker answers at {nobody}")
        assert people.code == by_variable.code == 2


@pytest.mark.parametrize("how", ["option", "variable"])
def test_another_format_is_refused_in_a_sentence(project, how):
    ran = (
        project.omni("boot", "--log-format", "xml") if how == "option" else project.omni("boot", OMNI_LOG_FORMAT="xml")
    )
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("omni: invalid value for '--log-format'")
    assert "xml" in ran.err
