"""What becomes of findings: selection, severities, echoes, exemptions, baseline."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from omni_assets.contracts import Finding, Location, Severity
from omni_assets.contracts.findings import finding
from omni_assets.contracts.judging.baseline import Baseline, baseline_text, read_baseline
from omni_assets.contracts.judging.echoes import Told, told
from omni_assets.contracts.judging.exemptions import Exemption, exemption_findings, exemption_lines
from omni_assets.contracts.judging.judge import Judge
from omni_assets.contracts.judging.selection import ALL_CODES, Selection
from omni_assets.contracts.rules import (
    BAD_SETTING,
    MALFORMED_NAME,
    NEAR_MISS,
    NO_PUBLISHER,
    NO_SUBSCRIBER,
    RULES,
    TEMPLATE_NAME,
)
from omni_assets.contracts.rules.names import codes_named

TODAY = date(2026, 3, 1)
NODES = {"contracts/a/contract.yaml": "a", "contracts/b/contract.yaml": "b"}
WRONG, RIGHT = "onex.evt.a.b_c.v1", "onex.evt.a.b-c.v1"
HERE, THERE = Location("contracts/a/contract.yaml", 3, 7), Location("contracts/b/contract.yaml", 4, 7)
MISS = finding(NEAR_MISS, "m.", HERE, topic=WRONG, near=(RIGHT,), related=((THERE, f"subscribes `{RIGHT}`"),))
ECHOES = (
    finding(MALFORMED_NAME, "m.", HERE, topic=WRONG),
    finding(NO_SUBSCRIBER, "m.", HERE, topic=WRONG),
    finding(NO_PUBLISHER, "m.", THERE, topic=RIGHT),
)
OTHERS = (
    finding(BAD_SETTING, "m.", HERE, topic=WRONG),
    finding(MALFORMED_NAME, "m.", HERE, topic="onex.evt.a.c_d.v1"),
    finding(NO_PUBLISHER, "m.", Location(THERE.path, 9, 9), topic="onex.evt.a.other.v1"),
)
TEMPLATE = finding(TEMPLATE_NAME, "t.", HERE, topic="t")


def exemption(code: str, path: str = "*", node: str = "*", expires: date = TODAY) -> Exemption:
    return Exemption(code, codes_named([code]), path, node, "because", expires, Location("omni.toml", 7))


def judged(findings: tuple[Finding, ...], judge: Judge, today: date = TODAY) -> tuple[Finding, ...]:
    return judge.judge(findings, NODES, today).findings


def test_without_settings_everything_counts() -> None:
    assert judged(OTHERS, Judge()) == OTHERS
    assert {rule.code for rule in RULES} == ALL_CODES


def test_only_chosen_rules_count_with_the_severity_that_holds() -> None:
    chosen = Selection(codes_named(["OM1"]), {"OM101": Severity.NOTE})
    first, second = judged(OTHERS, Judge(chosen))
    assert (first.rule, first.severity) == (BAD_SETTING, Severity.ERROR)
    assert (second.rule, second.severity) == (MALFORMED_NAME, Severity.NOTE)


def test_one_mistake_gives_one_finding() -> None:
    assert told([MISS, *ECHOES, *OTHERS]) == Told((MISS, *OTHERS), ECHOES)


def test_echoes_stay_where_near_misses_are_ignored() -> None:
    without = Judge(Selection(ALL_CODES - {"OM203"}))
    assert judged((MISS, *ECHOES), without) == ECHOES


def test_no_error_is_lost_behind_a_near_miss_that_is_a_warning() -> None:
    mild = replace(MISS, severity=Severity.WARNING)
    malformed, unread, starving = ECHOES
    assert told([mild, *ECHOES]).telling == (mild, malformed)
    unhandled = replace(unread, severity=Severity.ERROR)
    assert told([mild, unhandled, starving]).telling == (mild, unhandled)
    assert told([mild, MISS, *ECHOES]).telling == (mild, MISS)


def test_a_silent_near_miss_explains_what_dangles_and_no_malformed_name() -> None:
    malformed, *dangling = ECHOES
    judgement = Judge(exemptions=(exemption("near-miss"),)).judge((MISS, *ECHOES), NODES, TODAY)
    assert (judgement.findings, judgement.exempted) == ((malformed,), (MISS,))
    known = read_baseline(baseline_text([MISS], str))
    judgement = Judge(baseline=known).judge((MISS, *ECHOES), NODES, TODAY)
    assert (judgement.findings, judgement.known) == ((malformed,), (MISS,))
    assert judgement.echoes == tuple(dangling)


def test_an_exemption_covers_its_rule_path_and_node() -> None:
    for covering in (
        exemption("OM102"),
        exemption("OM1", path="contracts/a/*"),
        exemption("template-name", node="a"),
        exemption("template-name", path="*/contract.yaml", node="[ab]"),
    ):
        judgement = Judge(exemptions=(covering,)).judge((TEMPLATE,), NODES, TODAY)
        assert (judgement.exempted, judgement.used) == ((TEMPLATE,), {covering})
    for other in (exemption("OM101"), exemption("OM102", path="contracts/b/*"), exemption("OM102", node="b")):
        judgement = Judge(exemptions=(other,)).judge((TEMPLATE,), NODES, TODAY)
        assert (judgement.findings, judgement.used) == ((TEMPLATE,), frozenset())


def test_a_node_pattern_matches_no_file_without_a_node() -> None:
    outside = finding(TEMPLATE_NAME, "t.", Location("src/topics.py"))
    assert judged((outside,), Judge(exemptions=(exemption("OM102", node="?*"),))) == (outside,)


def test_an_exemption_holds_on_its_last_day_and_not_after() -> None:
    judge = Judge(exemptions=(exemption("OM102", expires=TODAY),))
    assert judged((TEMPLATE,), judge) == ()
    tomorrow = TODAY + timedelta(days=1)
    assert judged((TEMPLATE,), judge, tomorrow) == (TEMPLATE,)
    assert exemption_findings(judge.exemptions, frozenset(judge.exemptions), ALL_CODES, TODAY) == []
    (expired,) = exemption_findings(judge.exemptions, frozenset(), ALL_CODES, tomorrow)
    assert (expired.rule.code, expired.severity, expired.location) == (
        "OM301",
        Severity.ERROR,
        Location("omni.toml", 7),
    )
    assert expired.message == (
        "the exemption of `OM102` expired on 2026-03-01, so it covers nothing; its reason was: because."
    )


def test_an_exemption_that_covers_nothing_is_a_note() -> None:
    unused = exemption("OM102", path="contracts/x/*", node="n")
    (found,) = exemption_findings([unused], frozenset(), ALL_CODES, TODAY)
    assert (found.rule.code, found.severity) == ("OM302", Severity.NOTE)
    assert found.message == "the exemption of `OM102` in `contracts/x/*` for the node `n` covers no finding."


def test_an_exemption_of_rules_that_were_not_asked_for_is_not_called_unused() -> None:
    assert exemption_findings([exemption("OM1")], frozenset(), codes_named(["OM101", "OM2"]), TODAY) == []


def test_exemptions_are_found_in_the_settings_file() -> None:
    tables = "[check]\n\n[[check.exemptions]]\ncode = 'x'\n[[ check . exemptions ]]\n"
    assert list(exemption_lines(tables, 2)) == [3, 5]
    assert list(exemption_lines(tables.replace("check", "tool.omni.check"), 2)) == [3, 5]
    inline = "[check]\nexemptions = [\n  {code = 'x'},\n  {code = 'y'}, {code = 'z'},\n]\n"
    assert list(exemption_lines(inline, 3)) == [3, 4, 4]
    assert list(exemption_lines("[check]\nselect = []\n", 1)) == [1]
    assert list(exemption_lines("", 2)) == [1, 1]


def test_known_findings_are_silent_and_new_ones_count() -> None:
    baseline = read_baseline(baseline_text([TEMPLATE, OTHERS[0]], str))
    moved = finding(TEMPLATE_NAME, "t.", Location(HERE.path, 99, 1), topic="t")
    judgement = Judge(baseline=baseline).judge((moved, TEMPLATE, *OTHERS), NODES, TODAY)
    assert judgement.known == (moved, OTHERS[0])
    assert judgement.findings == (TEMPLATE, *OTHERS[1:])


findings = st.builds(
    finding,
    st.sampled_from(RULES),
    st.text(max_size=8),
    st.builds(Location, st.sampled_from([*NODES, "x"]), st.integers(1, 5), st.integers(1, 5)),
    topic=st.sampled_from([None, WRONG, RIGHT, "t"]),
    near=st.sampled_from([(), (RIGHT,)]),
)


@given(st.lists(findings, max_size=12))
def test_nothing_is_lost_and_nothing_is_invented(found: list[Finding]) -> None:
    judge = Judge(exemptions=(exemption("OM1"),), baseline=read_baseline(baseline_text(found[:3], str)))
    judgement = judge.judge(found, NODES, TODAY)
    every = (*judgement.findings, *judgement.echoes, *judgement.exempted, *judgement.known)
    assert sorted(map(repr, every)) == sorted(map(repr, found))


@given(st.lists(findings, max_size=12))
def test_a_baseline_of_everything_leaves_nothing_and_mends_nothing(found: list[Finding]) -> None:
    baseline = read_baseline(baseline_text(found, str))
    known, new = baseline.split(found, str)
    assert (known, new) == (found, [])
    assert baseline.total == len(found)
    assert baseline.mended(found, ALL_CODES, str) == 0
    assert baseline.mended([], ALL_CODES, str) == len(found)
    assert Baseline().split(found, str) == ([], found)
