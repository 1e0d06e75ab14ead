"""What was wrong, in sentences: pure, from what was sampled and what was there at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, linear_regression, median

from tests.soak.sampling import Sample

GROWTH_KIB, GROWTH_SHARE = 4_096, 0.05
"""What a process may grow by the line through the second half of its life: so much, and that share of its mean."""

MORE = 8
"""How many more files, threads or children it may have in the last quarter of its life than in the second."""

TALKATIVE = frozenset({"reconcile run", "omni up"})
"""Processes whose last words are Dagster's, with a traceback of each step that failed, as one without a broker does."""

LEAST_SECONDS = 240.0
"""Shorter lives tell nothing of growth: on a busy machine Dagster takes more than a minute until it has begun."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that came to its end. ``killed``: because this run asked it to, or did not ask; ``complaint`` is what
    stands last in its log.
    """

    name: str
    code: int
    killed: bool
    complaint: str


@dataclass(frozen=True, slots=True)
class Noted:
    """A receipt, as the ledger or a row tells it."""

    id: str
    node: str
    event: str
    outcome: str
    results: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Books:
    """The ledger at the end, the rows of the projection, those of one that was made anew, and the events of topics."""

    submitted: Sequence[str]
    ledger: Sequence[Noted]
    projected: Sequence[str]
    rebuilt: Sequence[str]
    answered: Sequence[str]
    counted: Sequence[str]


@dataclass(frozen=True, slots=True)
class Left:
    """What is still there when all has ended."""

    processes: Sequence[str]
    locks: Sequence[str]
    temporary: Sequence[str]


@dataclass(frozen=True, slots=True)
class Growth:
    """A life from its second half on: mean memory in KiB, and what the line through it rose by."""

    name: str
    seconds: float
    mean: float
    rise: float

    @property
    def allowed(self) -> float:
        return GROWTH_KIB + GROWTH_SHARE * self.mean


def of_books(books: Books) -> Iterator[str]:
    """Each task done once by each node, and told the same everywhere."""
    done = {
        node: [each for each in books.ledger if each.node == node and each.outcome == "done"]
        for node in ("echo", "counter")
    }
    yield from _once("task submitted", books.submitted, "receipt of echo", [each.event for each in done["echo"]])
    results = [each for noted in done["echo"] for each in noted.results]
    yield from _once("result in a receipt of echo", results, "event answered", books.answered)
    yield from _once("event answered", books.answered, "receipt of counter", [each.event for each in done["counter"]])
    results = [each for noted in done["counter"] for each in noted.results]
    yield from _once("result in a receipt of counter", results, "event counted", books.counted)
    ids = [each.id for each in books.ledger]
    yield from _once("receipt in the ledger", ids, "row of DuckDB", books.projected)
    yield from _once("receipt in the ledger", ids, "row of a projection made anew", books.rebuilt)
    bad = Counter(each.outcome for each in books.ledger if each.outcome not in ("done", "duplicate"))
    for outcome, number in sorted(bad.items()):
        yield f"{number} tasks ended as {outcome}, and none should have"


def of_ends(ends: Iterable[Ended]) -> Iterator[str]:
    """Whatever ends by itself says why in a sentence, as far as it is ours."""
    for each in ends:
        if "Traceback (most recent call last)" in each.complaint and each.name not in TALKATIVE:
            yield f"{each.name} ended with {each.code} and a traceback: {each.complaint.strip()[-1500:]}"
        elif not each.killed and each.code not in (0, 1, 2):
            yield f"{each.name} ended with {each.code} by itself: {each.complaint.strip()[-500:] or 'it said nothing'}"
        elif not each.killed and each.code == 2 and not each.complaint.strip():
            yield f"{each.name} could not run, and did not say why"


def of_samples(samples: Iterable[Sample]) -> Iterator[str]:
    """Memory is flat, and files, threads and children do not become more."""
    found = lives(samples)
    for each in growths(found):
        if each.rise > each.allowed:
            yield (
                f"{each.name} grew by {each.rise / 1024:.1f} MiB within {each.seconds:.0f} s, "
                f"and may by {each.allowed / 1024:.1f} MiB"
            )
    for life in found:
        quarter = len(life) // 4
        for what in ("files", "threads", "children"):
            before, after = (
                median(getattr(each, what) for each in part) for part in (life[quarter : 2 * quarter], life[-quarter:])
            )
            if after > before + MORE:
                yield f"{life[0].name} had {before:g} {what} first and {after:g} at last"


def growths(found: Iterable[Sequence[Sample]]) -> list[Growth]:
    return [_growth(life[len(life) // 2 :]) for life in found]


def of_left(left: Left) -> Iterator[str]:
    """Nothing is left but what is meant to be."""
    for what, found in (
        ("process", left.processes),
        ("locked file", left.locks),
        ("temporary file", left.temporary),
    ):
        for each in found:
            yield f"a {what} is left: {each}"


def lives(samples: Iterable[Sample]) -> list[list[Sample]]:
    """The samples of each process that lived long enough to tell something."""
    found: dict[tuple[str, int], list[Sample]] = {}
    for each in samples:
        found.setdefault((each.name, each.pid), []).append(each)
    return [life for life in found.values() if life[-1].at - life[0].at >= LEAST_SECONDS]


def _growth(life: Sequence[Sample]) -> Growth:
    at, memory = [each.at for each in life], [float(each.memory) for each in life]
    seconds = at[-1] - at[0]
    slope, _ = linear_regression(at, memory)
    return Growth(life[0].name, seconds, fmean(memory), slope * seconds)


def _once(what: str, wanted: Sequence[str], there: str, found: Sequence[str]) -> Iterator[str]:
    """Each of ``wanted`` is found once, and nothing else is."""
    missing, strange = set(wanted) - set(found), set(found) - set(wanted)
    doubled = [name for name, times in Counter(found).items() if times > 1]
    for names, words in (
        (missing, f"a {what} has no {there}"),
        (strange, f"a {there} belongs to no {what}"),
        (doubled, f"a {what} has more than one {there}"),
    ):
        if names:
            yield f"{words}: {len(names)} of them, such as {min(names)}"
