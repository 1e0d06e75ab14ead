"""Whether what an event carries is what the contract of its topic says."""

from __future__ import annotations

from collections.abc import Mapping

from omni_assets.agents.attempts import Hopeless
from omni_assets.agents.events import JSON, Event
from omni_assets.contracts.model import Payload
from omni_assets.contracts.payloads import SchemaUnusable, schema_of
from omni_assets.contracts.text import visible
from omni_assets.errors import ExtraMissing
from omni_assets.router.gates.gate import Verdict
from omni_assets.router.gates.json_values import fits
from omni_assets.router.normalise import read_json

_SUFFIX = "+json"


class PayloadUnfit(Hopeless):
    """What an event carries is not what its topic's contract says, or nobody can tell. ``str()`` is a clause."""


class Payloads:
    """The schemas of topics, read once: one that is mended meanwhile counts from the next start on.

    A topic without a schema takes anything. One whose schema cannot be used takes nothing.
    """

    def __init__(self, stated: Mapping[str, Payload]) -> None:
        self._schemas: dict[str, str] = {}
        self._flaws: dict[str, str] = {}
        for topic, payload in stated.items():
            try:
                schema = schema_of(payload)
            except SchemaUnusable as flaw:
                self._flaws[topic] = str(flaw)
                continue
            if schema is not None:
                self._schemas[topic] = schema

    def judges(self, topic: str) -> bool:
        """Whether the records of a topic have to be of some shape."""
        return topic in self._schemas or topic in self._flaws

    def check(self, topic: str, event: Event) -> None:
        """Raises ``PayloadUnfit``, with what was found at which place of the payload; ``ExtraMissing`` where schemas
        cannot be looked at here.
        """
        if topic in self._flaws:
            raise PayloadUnfit(f"the schema of `{topic}` cannot be used: {self._flaws[topic]}")
        schema = self._schemas.get(topic)
        if schema is None:
            return
        if not _is_json(event.content_type):
            kind = visible(str(event.content_type)[:60])
            raise PayloadUnfit(f"its content type is `{kind}`, and the schema of `{topic}` is about JSON")
        try:
            value = read_json(event.data.decode("utf-8"))
        except ValueError as flaw:
            raise PayloadUnfit(f"its data is no JSON: {visible(str(flaw))}") from None
        try:
            judged = fits(value, schema)
        except ImportError:
            raise ExtraMissing("agents", "holding events against the schemas of their topics") from None
        if judged.verdict is Verdict.FAILED:
            raise PayloadUnfit(f"its data is not what `{topic}` holds: {visible(judged.evidence)}")
        if judged.verdict is not Verdict.PASSED:
            raise PayloadUnfit(f"whether its data is what `{topic}` holds cannot be told: {visible(judged.evidence)}")


def _is_json(content_type: str | None) -> bool:
    """Whether a media type says JSON; an event without one says nothing else."""
    kind = (content_type or JSON).partition(";")[0].strip().lower()
    return kind == JSON or kind.endswith(_SUFFIX)
