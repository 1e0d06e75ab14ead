"""What is told of one task while a node works on it: a span, its duration by outcome, and a line of the log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from omni_assets.agents.events import Event
from omni_assets.agents.task_context import TaskContext
from omni_assets.agents.task_receipt import FAILURES, TaskReceipt
from omni_assets.agents.traces import trace_of
from omni_assets.telemetry import conventions as names
from omni_assets.telemetry import facts, metrics, signals
from omni_assets.telemetry.trace_context import NewTrace

_log = logging.getLogger(__name__)


@contextmanager
def observed(
    context: TaskContext, event: Event | None, replay: str = ""
) -> Iterator[Callable[[TaskReceipt | None], None]]:
    """A task is worked on within; what is given back is to be called with its receipt.

    Its span follows from whatever made the event, on whichever node. A replay has traces of its own: those of the first
    time have come to their end.
    """
    topic, number, _ = context.place.partition
    began = time.perf_counter()

    def tell(receipt: TaskReceipt | None) -> None:
        if receipt is None:
            return
        seconds = time.perf_counter() - began
        failed = receipt.outcome in FAILURES
        if signals.are_heard():
            span.set({names.OUTCOME: receipt.outcome.value, names.ATTEMPTS: len(receipt.attempts)})
            about = {names.NODE: receipt.node, names.OUTCOME: receipt.outcome.value}
            signals.record(metrics.TASK_DURATION, seconds, about)
        if failed:
            span.fail(receipt.outcome.value)
        if _log.isEnabledFor(logging.INFO):
            known = {"outcome": receipt.outcome.value, "seconds": round(seconds, 6), "attempts": len(receipt.attempts)}
            told = known | ({"reason": receipt.reason} if receipt.reason else {})
            level = logging.WARNING if failed else logging.INFO
            _log.log(level, "a task of %s ended: %s", receipt.node, receipt.outcome.value, extra={"facts": told})

    attributes = _attributes(context, event, replay) if signals.are_heard() else signals.NO_ATTRIBUTES
    origin = (trace_of(event) if event is not None and not replay else None) or NewTrace()
    with (
        facts.about(
            node=context.node,
            receipt=context.id,
            topic=topic,
            partition=number,
            offset=context.place.offset,
            **({"task": event.id} if event is not None else {}),
        ),
        signals.span(f"{names.PROCESS} {topic}", signals.SpanKind.CONSUMER, attributes, origin) as span,
    ):
        yield tell


def _attributes(context: TaskContext, event: Event | None, replay: str) -> signals.Attributes:
    topic, number, _ = context.place.partition
    found: dict[str, signals.Value] = {
        names.MESSAGING_SYSTEM: names.KAFKA,
        names.MESSAGING_OPERATION_NAME: names.PROCESS,
        names.MESSAGING_OPERATION_TYPE: names.PROCESS,
        names.MESSAGING_DESTINATION_NAME: topic,
        names.MESSAGING_DESTINATION_PARTITION_ID: str(number),
        names.MESSAGING_KAFKA_OFFSET: context.place.offset,
        names.NODE: context.node,
        names.RECEIPT: context.id,
    }
    if event is not None:
        found[names.MESSAGING_MESSAGE_ID] = found[names.CLOUDEVENTS_EVENT_ID] = event.id
        found[names.CLOUDEVENTS_EVENT_SOURCE] = event.source
        found[names.CLOUDEVENTS_EVENT_TYPE] = event.type
        found[names.CORRELATION] = event.correlation_id or event.id
    if replay:
        found[names.REPLAY] = replay
    else:
        found[names.MESSAGING_CONSUMER_GROUP_NAME] = context.node
    return found
