"""What is known of a share after some trials: Beta posteriors and their credible bounds, and chains of them. Pure.

A chain of models ends where an answer is accepted. With ``a`` the share of its answers that the gates accept and ``r``
the share of those that are right, a model adds ``reached * a * r`` to a chain's quality, and leaves ``reached * (1 -
a)`` of the tasks to the rest.

Mean and variance of a Beta distribution are those of Johnson, Kotz and Balakrishnan, Continuous Univariate
Distributions 2, 1995, chapter 25; the variance of products is Goodman's (On the exact variance of products, 1960).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

CREDIBLE = 1.2816
"""Standard deviations below the mean that leave nine tenths of a normal distribution above."""


@dataclass(frozen=True, slots=True)
class Beta:
    """A Beta distribution over a share, by the weights of what speaks for it (``passed``) and against it (``failed``):
    one for each trial, above the 1 that each begins with.
    """

    passed: float = 1.0
    failed: float = 1.0

    def after(self, passed: float, failed: float) -> Beta:
        """The posterior after so many further trials."""
        return Beta(self.passed + passed, self.failed + failed)

    @property
    def mean(self) -> float:
        """The expected share."""
        return self.passed / (self.passed + self.failed)

    @property
    def variance(self) -> float:
        """The variance of the share."""
        weight = self.passed + self.failed
        return self.passed * self.failed / (weight * weight * (weight + 1))

    @property
    def lower(self) -> float:
        """A share that is exceeded with a credibility of nine in ten."""
        return lower_bound(self.mean, self.variance)

    @property
    def upper(self) -> float:
        """A share that is not exceeded with a credibility of nine in ten."""
        return 1 - lower_bound(1 - self.mean, self.variance)


@dataclass(frozen=True, slots=True)
class Link:
    """A model at its place in a chain: how often its answers are accepted, how often those are right, what a call costs
    in US dollars. ``judged`` answers are known at this place, and of ``proved`` whether they are right.
    """

    accepted: Beta
    right: Beta
    cost_usd: float
    judged: int = 0
    proved: int = 0


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a chain does on average: cost in US dollars, the share of tasks that end in a right answer, and a lower
    credible bound of that share. The bound is ``None`` where nothing was seen yet of a model at its place: what is only
    assumed proves no chain.
    """

    cost_usd: float
    quality: float
    bound: float | None


def outlook(links: Sequence[Link]) -> Outlook:
    """What a chain is expected to do, from its last model backwards.

    The variance is that of products of independent shares: (AB) varies by ``V(A)V(B) + V(A)E(B)^2 + V(B)E(A)^2``, here
    with ``accepted * (right - rest)`` for what accepting adds to the rest's quality.
    """
    cost = quality = variance = 0.0
    for link in reversed(links):
        accepted = link.accepted.mean
        gain, gain_variance = link.right.mean - quality, link.right.variance + variance
        varies = link.accepted.variance
        spread = varies * gain * gain + accepted * accepted * link.right.variance + (1 - accepted) ** 2 * variance
        variance = spread + varies * gain_variance
        cost = link.cost_usd + (1 - accepted) * cost
        quality += accepted * gain
    seen = all(link.judged for link in links)
    return Outlook(cost, quality, lower_bound(quality, variance) if seen else None)


def lower_bound(mean: float, variance: float) -> float:
    """The share that is exceeded with a credibility of nine in ten, by the normal approximation: ``mean`` and
    ``variance`` are those of the share.
    """
    return min(max(mean - CREDIBLE * math.sqrt(max(variance, 0.0)), 0.0), 1.0)
