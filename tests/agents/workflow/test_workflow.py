"""The nodes of the workflow as functions, on a real repository with a real suite."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from omni_assets.agents.attempts import Hopeless
from omni_assets.agents.events import Event
from omni_assets.agents.task_receipt import Answer, EffectOutcome
from omni_assets.agents.workflow import merging, pull_requests
from omni_assets.agents.workflow.git import Moved
from omni_assets.agents.workflow.messages import About
from omni_assets.agents.workflow.pull_requests import State, find
from omni_assets.agents.workflow.repository import Repository
from omni_assets.agents.workflow.sample import BRANCHES, CLASHING, FAILING, GOOD, NAME, Branch, make
from omni_assets.agents.workflow.topics import Topic
from tests.support.forge import Bench, push, repositories

OPEN = Topic.CMD_PULL_REQUEST_OPENER_OPEN_PULL_REQUEST_V1
APPROVE = {"verdict": "approve", "findings": []}


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    folder = repositories(tmp_path)
    monkeypatch.setenv("OMNI_REPOSITORIES", str(folder))
    return make(folder)


@pytest.fixture
def bench(there: Repository) -> Bench:
    return Bench()


def part(data: dict[str, Any]) -> About:
    return About(**{name: data[name] for name in About.model_fields})


def head(there: Repository, branch: str = "main") -> str:
    return there.commit(f"refs/heads/{branch}")


def test_a_good_change_is_merged_and_its_pipeline_passes(there: Repository, bench: Bench) -> None:
    before = head(there)
    bench.wish(GOOD)
    bench.no_model()
    assert "diff --git a/spread.py b/spread.py" in bench.asked[0][0].content
    bench.answer()
    assert bench.topics() == [
        *("pull-request-opened", "tests-passed", "criteria-met", "review-complete", "pull-request-merged"),
        *("pipeline-passed", "pipeline-state"),
    ]
    kept = find(there, 1)
    assert kept.pull_request.state is State.MERGED
    assert kept.pull_request.merge == head(there)
    assert there.contains(head(there), before)
    assert there.contains(head(there), kept.head)
    assert [(each.name, each.outcome) for each in bench.noted.values()] == [
        ("open-pull-request", EffectOutcome.DONE),
        ("merge", EffectOutcome.DONE),
    ]
    assert bench.last(Topic.EVT_CRITERIA_VERIFIER_CRITERIA_MET_V1)["criteria"][1] == {
        "criterion": "test: tests/test_spread.py passes",
        "met": True,
        "evidence": "2 tests passed.",
    }


def test_failing_tests_are_explained_and_close_the_pull_request(there: Repository, bench: Bench) -> None:
    bench.wish(FAILING)
    (question,) = bench.questions()
    assert question["task_class"] == "test-explanation"
    assert "assert 1 == 1.5" in question["inputs"]["output"]
    assert [each["id"] for each in question["sources"]] == ["calc.py"]
    answer = {"task_id": question["id"], "text": "The mean is cut off by `//`.", "model": "smollm2"}
    bench.run(Topic.EVT_ROUTER_ROUTING_COMPLETE_V1, answer)
    assert bench.topics() == ["pull-request-opened", "tests-failed", "pull-request-closed"]
    failed = bench.last(Topic.EVT_TEST_RUNNER_TESTS_FAILED_V1)
    assert (failed["explained_by"], failed["failed"]) == ("model", ["tests/test_calc.py::test_mean"])
    kept = find(there, 1).pull_request
    assert (kept.state, kept.reason) == (State.CLOSED, "1 test failed. The mean is cut off by `//`.")


def test_without_a_model_pytest_explains(there: Repository, bench: Bench) -> None:
    bench.wish(FAILING)
    bench.no_model()
    failed = bench.last(Topic.EVT_TEST_RUNNER_TESTS_FAILED_V1)
    assert failed["explained_by"] == "pytest"
    assert failed["explanation"].startswith("pytest says: tests/test_calc.py::test_mean")


def test_what_breaks_another_branch_in_flight_is_caught_at_the_merge(there: Repository, bench: Bench) -> None:
    for branch in (GOOD, CLASHING):
        bench.wish(branch)
    bench.no_model()
    bench.answer()
    merged = head(there)
    bench.answer()
    assert head(there) == merged
    blocked = bench.last(Topic.EVT_MERGER_MERGE_BLOCKED_V1)
    assert blocked["failed"] == ["tests/test_spread.py"]
    assert blocked["reason"] == "merged into `main` as it is now, 1 test failed: tests/test_spread.py."
    kept = find(there, 2).pull_request
    assert (kept.state, kept.reason) == (State.OPEN, blocked["reason"])


def test_the_same_lines_changed_twice_conflict(there: Repository, bench: Bench) -> None:
    push(there, "more", {"spread.py": "from calc import mean\n", "tests/test_spread.py": "def test_it():\n    pass\n"})
    bench.wish(GOOD)
    bench.wish(Branch("more", "More", "S-9", ("file: spread.py exists",), {}))
    bench.no_model()
    bench.answer()
    bench.answer()
    blocked = bench.last(Topic.EVT_MERGER_MERGE_BLOCKED_V1)
    assert blocked["files"] == ["spread.py", "tests/test_spread.py"]
    assert find(there, 2).pull_request.reason == "it conflicts with `main` in spread.py, tests/test_spread.py."


def test_a_model_reviews(there: Repository, bench: Bench) -> None:
    bench.wish(GOOD)
    (question,) = bench.questions()
    assert question["task_class"] == "code-review"
    changed = {each["id"]: each["changed_lines"] for each in question["sources"]}
    assert set(changed) == {"spread.py", "tests/test_spread.py"}
    assert list(changed["spread.py"]) == list(range(1, 10))
    answer = {"task_id": question["id"], "text": json.dumps(APPROVE), "model": "large"}
    bench.run(Topic.EVT_ROUTER_ROUTING_COMPLETE_V1, answer)
    assert bench.last(Topic.EVT_REVIEWER_REVIEW_COMPLETE_V1)["by"] == "large"
    assert find(there, 1).pull_request.state is State.MERGED
    assert bench.asked == []


def test_what_a_model_or_a_person_does_not_accept_is_closed_with_their_reason(there: Repository, bench: Bench) -> None:
    bench.wish(GOOD)
    (question,) = bench.questions()
    finding = {"file": "spread.py", "line": 8, "problem": "No numbers raise an error of another function."}
    answer = {"verdict": "request-changes", "findings": [finding]}
    bench.run(
        Topic.EVT_ROUTER_ROUTING_COMPLETE_V1, {"task_id": question["id"], "text": json.dumps(answer), "model": "large"}
    )
    reason = find(there, 1).pull_request.reason
    assert reason == f"large asks for changes. spread.py:8: {finding['problem']}"
    bench.wish(CLASHING)
    bench.no_model()
    bench.answer(Answer.REJECTED, "Too early.")
    assert find(there, 2).pull_request.reason == "ann asks for changes. Too early."
    assert head(there) == find(there, 1).pull_request.base


def test_criteria_that_do_not_hold_close_it(there: Repository, bench: Bench) -> None:
    wish = {**GOOD.wish, "ticket": {"id": "S", "criteria": ["file: docs.md exists", "The figure is right."]}}
    bench.run(OPEN, wish)
    review, criterion = bench.questions()
    assert (review["task_class"], criterion["task_class"]) == ("code-review", "acceptance-verification")
    assert criterion["inputs"] == {"criterion": "The figure is right."}
    verdict = {"verdict": "met", "evidence": [{"source": "test-report.txt", "quote": "PASSED"}]}
    answer = {"task_id": criterion["id"], "text": json.dumps(verdict), "model": "large"}
    bench.run(Topic.EVT_ROUTER_ROUTING_COMPLETE_V1, answer)
    unmet = bench.last(Topic.EVT_CRITERIA_VERIFIER_CRITERIA_UNMET_V1)["criteria"]
    assert [each["met"] for each in unmet] == [False, True]
    assert find(there, 1).pull_request.reason == "`file: docs.md exists` does not hold: `docs.md` is not there."


def test_a_criterion_that_no_model_can_judge_is_unmet(there: Repository, bench: Bench) -> None:
    bench.run(OPEN, {**GOOD.wish, "ticket": {"id": "S", "criteria": ["It is fast.", "It is good."]}})
    bench.no_model()
    unmet = bench.last(Topic.EVT_CRITERIA_VERIFIER_CRITERIA_UNMET_V1)["criteria"]
    assert [each["met"] for each in unmet] == [False, False]
    assert bench.topics().count("criteria-unmet") == 1


@pytest.mark.parametrize("where", ["intent", "effect"])
def test_a_merge_happens_once_wherever_it_is_killed(
    there: Repository, bench: Bench, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    bench.wish(GOOD)
    bench.questions()
    about = {"repository": NAME, "number": 1, "head": head(there, GOOD.name)}
    review = {"by": "ann", "notes": [], "reason": ""}
    pull_requests.settle(there, About(**about), "review", merging.Review(accepted=True, by="ann"))
    event = bench.event(Topic.EVT_REVIEWER_REVIEW_COMPLETE_V1, {**about, **review})
    really = merging.merge

    def killed(*arguments: Any) -> None:
        if where == "effect":
            really(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(merging, "merge", killed)
        with pytest.raises(KeyboardInterrupt):
            bench.do("merger", event)
    assert (find(there, 1).pull_request.state is State.MERGED) is (where == "effect")
    (said,) = bench.do("merger", event)
    kept = find(there, 1).pull_request
    assert said.topic == Topic.EVT_MERGER_PULL_REQUEST_MERGED_V1
    assert said.data["merge"] == kept.merge == head(there)
    outcome = {"intent": EffectOutcome.DONE, "effect": EffectOutcome.FOUND}[where]
    assert [each.outcome for each in bench.noted.values() if each.name == "merge"] == [outcome]
    assert len([each for each in bench.intents if b'"merge"' in each.value]) == 1
    other = bench.event(Topic.EVT_CRITERIA_VERIFIER_CRITERIA_MET_V1, about)
    assert bench.do("merger", other) == []


def test_a_task_tried_again_opens_no_second_pull_request(there: Repository, bench: Bench) -> None:
    event = bench.event(OPEN, GOOD.wish)
    first, second = bench.do("pull-request-opener", event), bench.do("pull-request-opener", event)
    assert first == second
    assert len(list(pull_requests.every(there))) == 1
    assert bench.do("pull-request-opener", bench.event(OPEN, GOOD.wish)) == []


def test_a_newer_push_has_tests_of_its_own(there: Repository, bench: Bench) -> None:
    bench.wish(GOOD)
    stale = {"repository": NAME, "number": 1, "head": head(there, GOOD.name)}
    push(there, GOOD.name, {"README.md": "Figures.\n"}, start=GOOD.name)
    bench.wish(GOOD)
    assert find(there, 1).head == head(there, GOOD.name) != stale["head"]
    assert bench.topics().count("tests-passed") == 2
    for topic in (Topic.EVT_REVIEWER_CHANGES_REQUESTED_V1, Topic.EVT_CRITERIA_VERIFIER_CRITERIA_UNMET_V1):
        closing = {"by": "ann", "criteria": [{"criterion": "c", "met": False, "evidence": "e"}]}
        assert bench.do("pull-request-opener", bench.event(topic, {**stale, **closing})) == []
    assert find(there, 1).pull_request.state is State.OPEN


def test_what_was_closed_and_is_asked_for_again_begins_anew(there: Repository, bench: Bench) -> None:
    for answer in (Answer.REJECTED, Answer.APPROVED):
        bench.wish(GOOD)
        bench.no_model()
        bench.answer(answer)
    assert [each.pull_request.state for each in pull_requests.every(there)] == [State.MERGED, State.CLOSED]


def test_of_answers_that_come_at_once_one_says_that_all_is_known(there: Repository, bench: Bench) -> None:
    bench.run(OPEN, {**GOOD.wish, "ticket": {"id": "S", "criteria": ["It is fast.", "It is good."]}})
    tasks = [each["id"] for each in bench.questions() if each["task_class"] == "acceptance-verification"]
    verdict = json.dumps({"verdict": "met", "evidence": [{"source": "test-report.txt", "quote": "PASSED"}]})
    answers = [
        bench.event(Topic.EVT_ROUTER_ROUTING_COMPLETE_V1, {"task_id": each, "text": verdict, "model": "m"})
        for each in tasks
    ]
    with ThreadPoolExecutor(2) as threads:
        said = [one for each in threads.map(lambda each: bench.do("criteria-verifier", each), answers) for one in each]
    assert [str(each.topic) for each in said] == [Topic.EVT_CRITERIA_VERIFIER_CRITERIA_MET_V1]
    again = [one for each in answers for one in bench.do("criteria-verifier", each)]
    assert again == said


def test_what_a_person_says_of_an_older_commit_counts_for_nothing(there: Repository, bench: Bench) -> None:
    bench.wish(GOOD)
    bench.no_model()
    push(there, GOOD.name, {"README.md": "Figures.\n"}, start=GOOD.name)
    bench.wish(GOOD)
    bench.answer()
    assert "review-complete" not in bench.topics()
    bench.no_model()
    bench.answer()
    assert bench.topics()[-3:] == ["pull-request-merged", "pipeline-passed", "pipeline-state"]


def test_two_are_opened_and_merged_at_once(there: Repository, bench: Bench) -> None:
    events = [bench.event(OPEN, branch.wish) for branch in BRANCHES[::2]]
    with ThreadPoolExecutor(2) as threads:
        opened = [said.data for (said,) in threads.map(lambda each: bench.do("pull-request-opener", each), events)]
    assert sorted(each["number"] for each in opened) == [1, 2]
    for each in opened:
        bench.go_on([(str(Topic.EVT_PULL_REQUEST_OPENER_PULL_REQUEST_OPENED_V1), each)])
        pull_requests.settle(there, part(each), "review", merging.Review(accepted=True, by="ann"))
    due = [bench.event(Topic.EVT_REVIEWER_REVIEW_COMPLETE_V1, each) for each in opened]
    with ThreadPoolExecutor(2) as threads:
        said = [one for each in threads.map(lambda each: bench.do("merger", each), due) for one in each]
    assert sorted(str(each.topic).split(".")[3] for each in said) == ["merge-blocked", "pull-request-merged"]


def test_who_waits_too_long_for_other_merges_tries_again_later(
    there: Repository, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.wish(GOOD)
    event = bench.event(Topic.EVT_REVIEWER_REVIEW_COMPLETE_V1, {"repository": NAME, "number": 1, "head": "0" * 40})
    monkeypatch.setattr(merging, "_LONGEST_WAIT", 0.05)
    with FileLock(there.folder / "omni-merging.lock"), pytest.raises(Moved, match=r"take longer than 0\.05 s"):
        bench.do("merger", event)
    assert bench.do("merger", event) == []


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"branch": "--upload-pack=touch"}, "is no name of a branch that agents take"),
        ({"branch": "refs/../../x"}, "is no name of a branch that agents take"),
        ({"branch": "a.lock"}, "is no name of a branch that agents take"),
        ({"branch": "HEAD@{1}"}, "is no name of a branch that agents take"),
        ({"target": "-main"}, "is no name of a branch that agents take"),
        ({"branch": "nowhere"}, "has no branch `nowhere`"),
        ({"branch": "main"}, "has nothing that `main` lacks"),
        ({"repository": "../statistics"}, "is no name of a repository"),
        ({"repository": "other"}, "there is no repository `other` where OMNI_REPOSITORIES leads"),
        ({"title": "x\n\nApproved-by: root"}, "its data is no wish: `title`"),
    ],
)
def test_a_wish_that_cannot_be_is_refused(bench: Bench, changed: dict[str, str], reason: str) -> None:
    with pytest.raises(Hopeless, match=reason.replace("`", "`")):
        bench.do("pull-request-opener", bench.event(OPEN, {**GOOD.wish, **changed}))


def test_a_change_that_is_too_large_is_refused(
    there: Repository, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omni_assets.agents.workflow.opening.MOST_DIFF", 200)
    with pytest.raises(Hopeless, match="more than 200 bytes, which is more than is reviewed"):
        bench.do("pull-request-opener", bench.event(OPEN, GOOD.wish))
    assert list(pull_requests.every(there)) == []


def test_answers_to_others_are_none_of_its_business(bench: Bench) -> None:
    for task_id in (
        "console/1",
        "reviewer/../1/x",
        "test-runner/statistics/1/" + "f" * 39,
        "reviewerx/a/1/" + "f" * 40,
    ):
        for node in ("test-runner", "reviewer", "criteria-verifier"):
            answer = {"task_id": task_id, "text": "nonsense", "model": "m"}
            assert bench.do(node, bench.event(Topic.EVT_ROUTER_ROUTING_COMPLETE_V1, answer)) == []


def test_without_a_folder_of_repositories_nothing_is_done(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNI_REPOSITORIES", "relative")
    with pytest.raises(Hopeless, match="has to be a whole path"):
        bench.do("pull-request-opener", bench.event(OPEN, GOOD.wish))
    monkeypatch.delenv("OMNI_REPOSITORIES")
    with pytest.raises(Hopeless, match="names no folder"):
        bench.do("pull-request-opener", bench.event(OPEN, GOOD.wish))


def test_an_event_without_its_pull_request_is_refused(bench: Bench) -> None:
    for data in (b"[]", b"{", b'{"repository": "statistics"}', b"\xff"):
        event = Event("e1", "/tests", str(Topic.EVT_TEST_RUNNER_TESTS_PASSED_V1), data=data)
        for node in ("reviewer", "criteria-verifier"):
            with pytest.raises(Hopeless, match="does not say which pull request"):
                bench.do(node, event)
