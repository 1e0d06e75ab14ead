"""A scorer that is trained on receipts, and the chains that are tried with it."""

from __future__ import annotations

import itertools
import random
import sys
from collections.abc import Iterator

import pytest

from omni_assets.errors import ExtraMissing
from omni_assets.router.gates.gate import Check, Verdict
from omni_assets.router.learning.learned import Learned, learn
from omni_assets.router.learning.scoring import Ballot, Vote
from omni_assets.router.learning.training import LEAST_EXAMPLES, train
from omni_assets.router.receipt import Attempt, Receipt
from omni_assets.router.task_class import Severity
from tests.support import receipts as made

pytest.importorskip("sklearn", reason="the extra `learn` is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")

MODELS = {"tiny": (0.6, "0"), "small": (0.7, "0"), "large": (0.95, "0.01")}


def checks(number: int, answers: list[str], right: bool) -> tuple[Check, ...]:
    same = tuple(place for place in range(number) if answers[place] == answers[number])
    told = Verdict.PASSED if right else Verdict.FAILED
    return (
        Check(gate="agreement", version=1, severity=Severity.WARNING, verdict=Verdict.PASSED, agrees_with=same),
        Check(gate="known-answer", version=1, severity=Severity.WARNING, verdict=told),
    )


def receipts(count: int, seed: int = 0) -> Iterator[Receipt]:
    """Tasks of which every model answered: alike where right, each in its own way where wrong."""
    chance = random.Random(seed)
    for number in range(count):
        rights = [chance.random() < share for share, _ in MODELS.values()]
        answers = ["right" if right else name for right, name in zip(rights, MODELS, strict=True)]
        attempts: list[Attempt] = [
            made.local(
                model=name,
                cost=made.cost(amount),
                usage=made.usage(100 + number % 7, 20 + number % 5),
                checks=checks(place, answers, rights[place]),
            )
            for place, (name, (_, amount)) in enumerate(MODELS.items())
        ]
        yield made.receipt(number, *attempts)


@pytest.fixture(scope="module")
def trained() -> Learned:
    learned = learn(receipts(400))
    train(learned)
    return learned


def ballot(*groups: int | None) -> Ballot:
    return Ballot(
        "classification", tuple(Vote(name, group, 100, 20) for name, group in zip(MODELS, groups, strict=False))
    )


def test_answers_that_agree_are_likelier_right(trained: Learned) -> None:
    assert trained.scorer is not None
    agreeing, differing = trained.scorer.support(ballot(0, 0)), trained.scorer.support(ballot(0, 1))
    assert agreeing is not None
    assert differing is not None
    assert agreeing[0] == agreeing[1] > 0.8 > max(differing)
    silent = trained.scorer.support(ballot(None, 1))
    assert silent is not None
    assert silent[0] == 0.0


def test_asking_on_promises_more_where_answers_differ(trained: Learned) -> None:
    assert trained.scorer is not None
    gains = []
    for votes in (ballot(0, 0), ballot(0, 1)):
        support = trained.scorer.support(votes)
        assert support is not None
        gains.append(trained.scorer.prospects(votes, support)["large"] - max(support))
    assert gains[0] < gains[1]


def test_of_other_ballots_and_classes_nothing_is_known(trained: Learned) -> None:
    assert trained.scorer is not None
    stranger = Ballot("classification", (Vote("stranger", 0),))
    assert trained.scorer.support(stranger) is None
    assert trained.scorer.prospects(stranger, (0.5,)) == {}
    assert trained.scorer.support(Ballot("other", ballot(0, 0).votes)) is None


def test_plans_rise_in_cost_and_quality_with_the_exchange_rate(trained: Learned) -> None:
    [of_class] = trained.plans.values()
    assert of_class[0][0].chain == ("tiny", "small", "large")
    for of_chain in of_class:
        assert len({plan.chain for plan in of_chain}) == 1
        for less, more in itertools.pairwise(of_chain):
            assert less.worth_usd < more.worth_usd
            assert less.cost_usd <= more.cost_usd + 1e-12
            assert less.quality < more.quality or more.quality == 1.0
            assert less.bound <= less.quality


def test_what_plans_promise_is_kept_on_other_tasks(trained: Learned) -> None:
    """Walked by hand on tasks that nothing was learnt from, at a rate in the middle."""
    assert trained.scorer is not None
    plan = trained.plans["classification"][0][70]
    right = spent = 0.0
    unseen = learn(receipts(400, seed=1)).examples()
    for example in unseen:
        votes = Ballot("classification", example.ballot.votes[:2])
        support = trained.scorer.support(votes)
        assert support is not None
        prospects = trained.scorer.prospects(votes, support)
        number = max(range(2), key=lambda place: (support[place], place))
        if (prospects["large"] - max(support)) * plan.worth_usd >= 0.01:
            spent += 0.01
            support = trained.scorer.support(example.ballot)
            assert support is not None
            number = max(range(3), key=lambda place: (support[place], place))
        right += bool(example.right[number])
    assert right / len(unseen) == pytest.approx(plan.quality, abs=0.05)
    assert spent / len(unseen) == pytest.approx(plan.cost_usd, abs=0.001)


def test_training_is_the_same_whatever_the_order() -> None:
    one, other = learn(receipts(100)), learn([*receipts(100)][::-1])
    train(one)
    train(other)
    assert one.scorer == other.scorer
    assert one.plans == other.plans


def test_too_few_examples_teach_no_scorer() -> None:
    learned = learn(receipts(LEAST_EXAMPLES - 1))
    train(learned)
    assert learned.scorer is None
    assert learned.plans == {}


def test_only_the_latest_prompt_of_a_class_is_learnt_from() -> None:
    newer = [each.model_copy(update={"prompt_version": 2}) for each in receipts(80, seed=2)]
    learned = learn([*receipts(200), *newer])
    train(learned)
    assert {plan.prompt_version for of_chain in learned.plans["classification"] for plan in of_chain} == {2}


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    with pytest.raises(ExtraMissing, match="learn"):
        train(learn(receipts(1)))
