"""What is told of models that are asked, and of tasks that the router ended: spans, money, tokens, a line of the log.

Prompts and answers are no part of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import pairwise
from urllib.parse import urlsplit

from omni_assets.router.calling.failures import Failed
from omni_assets.router.calling.replies import Answer, Question
from omni_assets.router.catalog import Model
from omni_assets.router.receipt import Outcome, Receipt
from omni_assets.router.values import Location, Usage
from omni_assets.telemetry import conventions as names
from omni_assets.telemetry import metrics, signals

_log = logging.getLogger(__name__)
_AGREES = {True: "yes", False: "no", None: "unknown"}

Tell = Callable[[Answer | Failed, float, Usage | None], None]
"""Called with a reply, how many seconds it took, and the tokens, where they are known."""


@contextmanager
def asked(name: str, model: Model, base_url: str, question: Question) -> Iterator[Tell]:
    """The model ``name`` is asked within; what is given back is to be called with what came of it."""
    stable: dict[str, signals.Value] = {
        names.GEN_AI_OPERATION_NAME: names.CHAT,
        names.GEN_AI_PROVIDER_NAME: model.endpoint,
        names.GEN_AI_REQUEST_MODEL: model.served_name,
    }
    more: dict[str, signals.Value] = {
        names.GEN_AI_REQUEST_MAX_TOKENS: question.max_output_tokens,
        names.GEN_AI_REQUEST_TEMPERATURE: question.temperature,
        names.MODEL: name,
        names.SERVER_ADDRESS: urlsplit(base_url).hostname or "",
    }

    def tell(reply: Answer | Failed, seconds: float, usage: Usage | None) -> None:
        failure = reply.kind.value if isinstance(reply, Failed) else ""
        signals.record(metrics.MODEL_DURATION, seconds, stable | ({names.ERROR_TYPE: failure} if failure else {}))
        if isinstance(reply, Failed):
            span.fail(failure)
        else:
            span.set({names.GEN_AI_RESPONSE_FINISH_REASONS: [reply.finish_reason.value]})
        if usage is not None:
            span.set(
                {
                    names.GEN_AI_USAGE_INPUT_TOKENS: usage.input_tokens,
                    names.GEN_AI_USAGE_OUTPUT_TOKENS: usage.output_tokens,
                    names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: usage.cached_tokens,
                }
            )
            counted = {names.INPUT: usage.input_tokens, names.OUTPUT: usage.output_tokens}
            for kind, tokens in counted.items():
                signals.record(metrics.MODEL_TOKENS, tokens, stable | {names.GEN_AI_TOKEN_TYPE: kind})

    with signals.span(f"{names.CHAT} {model.served_name}", signals.SpanKind.CLIENT, stable | more) as span:
        yield tell


def tell_of(receipt: Receipt) -> None:
    """A task of the router ended."""
    about = {names.TASK_CLASS: receipt.task_class if receipt.task_class_sha256 else ""}
    signals.record(metrics.ROUTED, 1, about | {names.OUTCOME: receipt.outcome.value})
    for attempt in receipt.attempts:
        _spent(about, attempt.model, attempt.location, attempt.cost.usd)
    escalations = sum(one.model != other.model for one, other in pairwise(receipt.attempts))
    if escalations:
        signals.record(metrics.ESCALATIONS, escalations, about)
    if receipt.audit is not None:
        _spent(about, receipt.audit.model, receipt.audit.location, receipt.audit.cost.usd)
        signals.record(metrics.AUDITS, 1, about | {names.AGREES: _AGREES[receipt.audit.agrees]})
    if _log.isEnabledFor(logging.INFO):
        level = logging.INFO if receipt.outcome is Outcome.ACCEPTED else logging.WARNING
        told = {
            "routing": receipt.id,
            "routed_task": receipt.task_id,
            "task_class": receipt.task_class,
            "outcome": receipt.outcome.value,
            "model": receipt.model or "",
            "attempts": len(receipt.attempts),
            **({"cost_usd": float(receipt.cost_usd)} if receipt.cost_usd is not None else {}),
            **({"reason": receipt.failure} if receipt.failure else {}),
        }
        _log.log(level, "the router ended a task: %s", receipt.outcome.value, extra={"facts": told})


def _spent(about: signals.Attributes, model: str, location: Location, usd: Decimal | None) -> None:
    """What is not known is not counted."""
    if usd:
        signals.record(metrics.SPEND, float(usd), {**about, names.MODEL: model, names.LOCATION: location.value})
