"""What was done and seen in a soak, as lines of a table: pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median

from tests.soak.plan import Action
from tests.soak.sampling import Sample
from tests.soak.soaking import Soaked
from tests.soak.verdict import growths, lives

_MIB = 1024


def lines(soaked: Soaked) -> list[str]:
    stage, books = soaked.stage, soaked.books
    outcomes = Counter((each.node, each.outcome) for each in books.ledger)
    found = lives(soaked.samples)
    return [
        "",
        *(_row(str(each), f"{stage.done[each]:,}", _left_out(stage.left_out[each])) for each in Action),
        "",
        _row("tasks submitted", f"{len(books.submitted):,}"),
        *(
            _row(f"receipts of {node}, {outcome}", f"{number:,}")
            for (node, outcome), number in sorted(outcomes.items())
        ),
        _row("rows of DuckDB", f"{len(books.projected):,}"),
        _row("rows of a projection made anew", f"{len(books.rebuilt):,}"),
        *(
            _row(f"ends of {name}", f"{sum(codes.values()):,}", _codes(codes))
            for name, codes in sorted(_ends(soaked).items())
        ),
        "",
        *(
            _row(
                each.name,
                f"{each.mean / _MIB:.0f} MiB",
                f"{each.rise / _MIB:+.1f} MiB within {each.seconds:.0f} s; {_held(life)}",
            )
            for each, life in zip(growths(found), found, strict=True)
        ),
        _row("locks at once, at most", f"{max((each.locks for each in soaked.wholes), default=0)}"),
        _row("times that the broker hung, and was ended", f"{stage.hangs}"),
        _row("connections of the broker, at most", f"{max((each.connections for each in soaked.wholes), default=0)}"),
        _row("processes, locks and temporary files left", _left(soaked)),
    ]


def _row(what: str, figure: str, more: str = "") -> str:
    return f"{what:<44}{figure:>10}  {more}".rstrip()


def _held(life: Sequence[Sample]) -> str:
    found = {what: median(getattr(each, what) for each in life) for what in ("files", "threads", "children")}
    return ", ".join(f"{number:g} {what}" for what, number in found.items())


def _left_out(times: int) -> str:
    return f"and left out {times} times" if times else ""


def _left(soaked: Soaked) -> str:
    left = soaked.left
    return f"{len(left.processes)}, {len(left.locks)}, {len(left.temporary)}"


def _ends(soaked: Soaked) -> dict[str, Counter[int]]:
    found: dict[str, Counter[int]] = {}
    for each in soaked.ended:
        found.setdefault(each.name, Counter())[each.code] += 1
    return found


def _codes(codes: Counter[int]) -> str:
    return ", ".join(f"{times} with {code}" for code, times in sorted(codes.items()))
