"""How many mistakes in real names are found, and whether the name that was meant is the first that is named.

Every topic of the corpus is wired (where one side has no contract, a node is added for it), then one side's name is
changed by each class of mistake in turn, everything else staying as it is. ``found`` is the share of the changed names
that have a near-miss finding which names the original, ``named_first`` of those where it comes first. Names that a
mistake turns into another real topic, or that have no place for it, are not counted. Then the corpus as it is: every
near miss is listed, for a reader to judge.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from benchmarks.measure import parser, show
from omni_assets.contracts import ContractTopicExtractor, Declaration, Grammar, Location, Role, TopicName
from omni_assets.contracts.wiring.graph import Ends, Wiring, wire
from omni_assets.contracts.wiring.mismatches import mismatches
from omni_assets.contracts.wiring.spelling import split

GRAMMAR = Grammar()
Mistake = Callable[[TopicName, random.Random, tuple[str, ...]], str | None]


def separator(name: TopicName, dice: random.Random, _: tuple[str, ...]) -> str | None:
    """One sign between two words becomes another."""
    text = GRAMMAR.format(name)
    places = [place for place, sign in enumerate(text) if sign == "-"] or [text.rindex(name.event) - 1]
    place = dice.choice(places)
    return text[:place] + dice.choice([sign for sign in "-_." if sign != text[place]]) + text[place + 1 :]


def plural(name: TopicName, dice: random.Random, _: tuple[str, ...]) -> str | None:
    """A word of the event gains its plural, or loses it."""
    return _with_word(name, dice, _plural)


def tense(name: TopicName, dice: random.Random, _: tuple[str, ...]) -> str | None:
    """The event's verb is put into another tense, or into another word for the same outcome."""
    words = name.event.split("-")
    verbs = [place for place, word in enumerate(words) if word in _TENSES or word.endswith(("ed", "ing"))]
    bare = [
        place
        for place, word in enumerate(words)
        if word.isalpha() and len(word) > 3 and word[-1] not in "aious" and word[-2:] != "ee"
    ]
    if not verbs and not bare:
        return None
    place = dice.choice(verbs or bare)
    words[place] = dice.choice(_tenses(words[place]))
    return GRAMMAR.format(replace_event(name, "-".join(words)))


def version(name: TopicName, dice: random.Random, _: tuple[str, ...]) -> str | None:
    """The version is bumped."""
    return GRAMMAR.format(TopicName(name.kind, name.producer, name.event, name.version + dice.choice((1, 1, 2))))


def word_order(name: TopicName, dice: random.Random, _: tuple[str, ...]) -> str | None:
    """Two neighbouring words of the event change places."""
    words = name.event.split("-")
    if len(words) < 2:
        return None
    place = dice.randrange(len(words) - 1)
    words[place], words[place + 1] = words[place + 1], words[place]
    return GRAMMAR.format(replace_event(name, "-".join(words)))


def segment_swap(name: TopicName, _dice: random.Random, _: tuple[str, ...]) -> str | None:
    """Producer and event change places."""
    return GRAMMAR.format(TopicName(name.kind, name.event, name.producer, name.version))


def producer(name: TopicName, dice: random.Random, producers: tuple[str, ...]) -> str | None:
    """The event is ascribed to another producer of the corpus."""
    others = [each for each in producers if each != name.producer]
    return GRAMMAR.format(TopicName(name.kind, dice.choice(others), name.event, name.version)) if others else None


def letter_dropped(name: TopicName, dice: random.Random, _: tuple[str, ...]) -> str | None:
    """A letter is missing."""
    return _with_letter(name, dice, lambda word, place: word[:place] + word[place + 1 :])


def letter_doubled(name: TopicName, dice: random.Random, _: tuple[str, ...]) -> str | None:
    """A letter stands twice."""
    return _with_letter(name, dice, lambda word, place: word[: place + 1] + word[place:])


def letters_swapped(name: TopicName, dice: random.Random, _: tuple[str, ...]) -> str | None:
    """Two neighbouring letters change places."""
    return _with_letter(
        name,
        dice,
        lambda word, place: word[:place] + word[place + 1 : place + 2] + word[place] + word[place + 2 :],
    )


MISTAKES: tuple[Mistake, ...] = (
    separator, plural, tense, version, word_order, segment_swap, producer,
    letter_dropped, letter_doubled, letters_swapped,
)  # fmt: skip

_TENSES = {"complete", "completion", "result", "done", "failure", "fail"}


def replace_event(name: TopicName, event: str) -> TopicName:
    return TopicName(name.kind, name.producer, event, name.version)


def _plural(word: str) -> str:
    if word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word[:-1] + "ies" if word.endswith("y") and word[-2:-1] not in "aeiou" else word + "s"


def _tenses(word: str) -> list[str]:
    families = (("complete", "completed", "completion", "result"), ("fail", "failed", "failure"))
    for family in families:
        if word in family:
            return [each for each in family if each != word]
    if word.endswith("ing"):
        return [word[:-3] + "ed"]
    if word.endswith("ied"):
        return [word[:-3] + "y"]
    if word.endswith("ed"):
        return [word[:-1] if word[-3] in "cegsuvz" else word[:-2], word[:-2] + "ing"]
    return [word + "d", word[:-1] + "ing"] if word.endswith("e") else [word + "ed", word + "ing"]


def _with_word(name: TopicName, dice: random.Random, change: Callable[[str], str]) -> str | None:
    words = name.event.split("-")
    places = [place for place, word in enumerate(words) if word.isalpha() and len(word) > 2]
    if not places:
        return None
    place = dice.choice(places)
    words[place] = change(words[place])
    return GRAMMAR.format(replace_event(name, "-".join(words)))


def _with_letter(name: TopicName, dice: random.Random, change: Callable[[str, int], str]) -> str | None:
    """A change at a random letter of the producer or the event; only in words that have two letters or more."""
    text = GRAMMAR.format(name)
    start = text.index(name.producer)
    places: list[tuple[int, str, int]] = []
    for word in split(f"{name.producer}.{name.event}"):
        at = text.index(word, start)
        start = at + len(word)
        places += [(at, word, letter) for letter in range(len(word)) if len(word) > 1 and word[letter].isalpha()]
    dice.shuffle(places)
    for at, word, letter in places:
        changed = change(word, letter)
        if changed != word:
            return text[:at] + changed + text[at + len(word) :]
    return None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mistake. ``named`` is the first name of its finding, or empty."""

    mistake: str
    topic: str
    changed: str
    found: bool
    named: str


@cache
def _wiring(corpus: str) -> tuple[Wiring, tuple[str, ...]]:
    manifest = ContractTopicExtractor(GRAMMAR).extract([corpus])
    producers = Counter(topic.parts.producer for topic in manifest.topics.values())
    return wire(manifest, GRAMMAR), tuple(sorted(producers))


def outcomes(corpus: str, topic: str, seed: int) -> list[Outcome]:
    """Every mistake on each side of one topic."""
    wiring, producers = _wiring(corpus)
    wired = _wired(wiring.topics[topic])
    found: list[Outcome] = []
    for mistake in MISTAKES:
        for role in _sides(wiring.topics[topic]):
            dice = random.Random(f"{seed} {mistake.__name__} {topic} {role}")  # noqa: S311 - repeatable, no secret
            changed = mistake(GRAMMAR.parse(topic), dice, producers)
            if changed is not None and changed not in wiring.topics and changed not in wiring.misnamed:
                found.append(_outcome(wiring, wired, mistake.__name__, changed, role))
    return found


def _sides(ends: Ends) -> Iterator[Role]:
    """The sides that a contract has: one that is outside has no name here that could be mistaken."""
    if ends.publishers or not ends.published_outside:
        yield Role.PUBLISHES
    if ends.subscribers or not ends.subscribed_outside:
        yield Role.SUBSCRIBES


def _wired(ends: Ends) -> Ends:
    added = [Declaration(ends.name, role, f"added-{role}", "added", Location(f"added/{role}.yaml")) for role in Role]
    return replace(ends, publishers=ends.publishers or (added[0],), subscribers=ends.subscribers or (added[1],))


def _outcome(wiring: Wiring, wired: Ends, mistake: str, changed: str, role: Role) -> Outcome:
    side = "publishers" if role is Role.PUBLISHES else "subscribers"
    moved = tuple(replace(each, topic=changed) for each in getattr(wired, side))
    wrong = Ends(changed, *((moved, ()) if role is Role.PUBLISHES else ((), moved)))
    topics = {**wiring.topics, wired.name: replace(wired, **{side: ()})}
    misnamed = dict(wiring.misnamed)
    (topics if GRAMMAR.matches(changed) else misnamed)[changed] = wrong
    pairs = mismatches(Wiring(topics, misnamed), GRAMMAR, (changed, wired.name))
    about = [pair for pair in pairs if changed in (pair.wrong.name, pair.meant.name)]
    about.sort(key=lambda pair: (pair.wrong.name != changed, pair.near.reason.rank))
    named = [({pair.wrong.name, pair.meant.name} - {changed}).pop() for pair in about]
    others = {other for pair in about for other in pair.others}
    return Outcome(mistake, wired.name, changed, wired.name in others.union(named), next(iter(named), ""))


def figures(corpus: Path, seed: int, processes: int) -> Iterator[dict[str, object]]:
    """A figure for each class of mistake, then one for the corpus as it is."""
    wiring, _ = _wiring(str(corpus))
    with ProcessPoolExecutor(processes) as pool:
        tasks = [pool.submit(outcomes, str(corpus), topic, seed) for topic in wiring.topics]
        every = [outcome for task in tasks for outcome in task.result()]
    for mistake in MISTAKES:
        yield _figure([each for each in every if each.mistake == mistake.__name__], mistake)
    yield _as_it_is(wiring)


def _figure(cases: list[Outcome], mistake: Mistake) -> dict[str, object]:
    found = sum(each.found for each in cases) / max(len(cases), 1)
    first = sum(each.named == each.topic for each in cases) / max(len(cases), 1)
    missed = [
        {"topic": each.topic, "changed": each.changed, "named": each.named}
        for each in cases
        if each.named != each.topic
    ]
    return {
        "claim": f"{mistake.__name__.replace('_', ' ')}: found",
        "ratio": round(found, 4),
        "named_first": round(first, 4),
        "cases": len(cases),
        "target": 0.99,
        "target_named_first": 0.95,
        "missed": missed[:20],
    }


def _as_it_is(wiring: Wiring) -> Mapping[str, object]:
    pairs = mismatches(wiring, GRAMMAR)
    listed = [
        {"topic": pair.wrong.name, "near": pair.meant.name, "difference": pair.near.reason.value} for pair in pairs
    ]
    share = len({name for pair in pairs for name in (pair.wrong.name,)}) / max(len(wiring.topics), 1)
    return {
        "claim": "topics of the corpus as it is that carry no near miss; the others are to be judged",
        "ratio": round(1 - share, 4),
        "topics": len(wiring.topics),
        "near_misses": listed,
        "target_wrong": 0.02,
    }


def main() -> None:
    options = parser(__doc__, rounds=1)
    options.add_argument("corpus", type=Path, help="a folder of contracts")
    options.add_argument("--seed", type=int, default=20261125, help="for the places of mistakes (default: %(default)s)")
    options.add_argument("--processes", type=int, default=2, help="worker processes (default: %(default)s)")
    arguments = options.parse_args()
    show(arguments.format, *figures(arguments.corpus, arguments.seed, arguments.processes))


if __name__ == "__main__":
    main()
