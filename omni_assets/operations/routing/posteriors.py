"""What is known of each model at the tasks of a class, as the router reckons with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from omni_assets.operations.context import Context
from omni_assets.operations.routing.opening import learned
from omni_assets.router.files.class_files import load_task_classes
from omni_assets.router.gates.table import gate_named
from omni_assets.router.learning.learned import Learned, Subject, Tally
from omni_assets.router.learning.posterior import Beta
from omni_assets.router.policy import TRUSTED
from omni_assets.router.task_class import GateUse, TaskClass
from omni_assets.settings import task_classes_path


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is known of a model under one prompt and one set of gates. ``task_class`` is the class as it is now,
    ``None`` where there is none; ``mean_usd`` is what a call costs on average, ``None`` where no cost is known."""

    subject: Subject
    tally: Tally
    task_class: TaskClass | None
    mean_usd: float | None

    @property
    def accepted(self) -> Beta:
        """The share of its answers that gates accept."""
        return self._prior.after(self.tally.accepted, self.tally.judged - self.tally.accepted)

    @property
    def right(self) -> Beta:
        """The share of its accepted answers that are right."""
        return self._prior.after(self.tally.right, self.tally.wrong)

    @property
    def floor(self) -> float | None:
        """The quality that the class is held to, a share from 0 to 1."""
        return None if self.task_class is None else self.task_class.quality_floor

    @property
    def current(self) -> bool:
        """Whether the class still has that prompt and those gates: what was learnt under others does not count."""
        return self.task_class is not None and (
            self.subject.prompt_version == self.task_class.prompt.version
            and self.subject.gates == tuple(sorted(map(_gate, self.task_class.gates)))
        )

    @property
    def _prior(self) -> Beta:
        trusted = self.task_class is not None and self.task_class.baseline == self.subject.model
        return TRUSTED if trusted else Beta()


def posteriors(context: Context) -> tuple[Posterior, ...]:
    """What the receipts of a project teach of its models. Raises ``StateError``."""
    classes, _ = load_task_classes(task_classes_path(context.settings), None)
    return posteriors_of(learned(context), classes)


def posteriors_of(known: Learned, classes: Iterable[TaskClass]) -> tuple[Posterior, ...]:
    """The posteriors by class and model; those that are reckoned with come before others of the same model."""
    by_name: Mapping[str, TaskClass] = {each.name: each for each in classes}
    found = [
        Posterior(subject, tally, by_name.get(subject.task_class), known.cost_usd(subject.task_class, subject.model))
        for subject, tally in known.tallies.items()
    ]
    return tuple(sorted(found, key=_order))


def _gate(use: GateUse) -> tuple[str, int]:
    gate = gate_named(use.gate)
    return gate.id, gate.version


def _order(each: Posterior) -> tuple[str, str, int, bool, tuple[tuple[str, int], ...]]:
    subject = each.subject
    return subject.task_class, subject.model, -subject.prompt_version, subject.after, subject.gates
