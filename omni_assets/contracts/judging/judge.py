"""How findings are judged: which rules count, what one mistake echoes, what is exempt, what was there before. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from omni_assets.contracts.judging.baseline import Baseline, Relative
from omni_assets.contracts.judging.echoes import told
from omni_assets.contracts.judging.exemptions import Exemption
from omni_assets.contracts.judging.selection import Selection
from omni_assets.contracts.model import Finding


def _as_it_is(path: str) -> str:
    return path


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of findings: ``findings`` count, ``exempted`` and ``known`` (to the baseline) are silent.

    ``echoes`` are explained by another that counts; ``used`` are the exemptions that cover something.
    """

    findings: tuple[Finding, ...]
    echoes: tuple[Finding, ...]
    exempted: tuple[Finding, ...]
    known: tuple[Finding, ...]
    used: frozenset[Exemption]


@dataclass(frozen=True, slots=True)
class Judge:
    """The settings and options that judge findings. ``relative`` gives paths as exemptions and baselines write them."""

    selection: Selection = field(default_factory=Selection)
    exemptions: tuple[Exemption, ...] = ()
    baseline: Baseline = field(default_factory=Baseline)
    relative: Relative = _as_it_is

    def judge(self, findings: Sequence[Finding], nodes: Mapping[str, str], today: date) -> Judgement:
        """What becomes of ``findings``; ``nodes`` are the nodes of contracts by path."""
        counting: list[Finding] = []
        exempted: list[Finding] = []
        used: set[Exemption] = set()
        for each in self.selection.of(findings):
            path, node = self.relative(each.location.path), nodes.get(each.location.path, "")
            covering = [one for one in self.exemptions if one.covers(each.rule.code, path, node, today)]
            used.update(covering)
            (exempted if covering else counting).append(each)
        known, new = self.baseline.split(counting, self.relative)
        apart = told(new, silent=(*exempted, *known))
        return Judgement(apart.telling, apart.echoes, tuple(exempted), tuple(known), frozenset(used))
