"""What is wrong with handlers and payloads, as far as it takes more than contracts to see: the task classes of the
project, the files of schemas, and what a JSON schema is.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from omni_assets.contracts.faults import short
from omni_assets.contracts.findings import finding
from omni_assets.contracts.model import Finding, Handler, HandlerKind, Manifest, Payload, Severity
from omni_assets.contracts.payloads import SchemaUnusable, schema_of
from omni_assets.contracts.rules import CONFLICTING_SCHEMAS, INVALID_SCHEMA, UNFIT_EXAMPLE, UNKNOWN_TASK_CLASS
from omni_assets.errors import ExtraMissing
from omni_assets.settings import Settings, task_classes_path

_MEND = "mend the schema, or leave it out"


def payload_findings(manifest: Manifest) -> list[Finding]:
    """The schemas that are none or cannot be read, the examples that do not fit theirs, and the topics whose contracts
    state different ones.
    """
    stated = [each for contract in manifest.contracts for each in contract.payloads]
    return [*(found for each in stated for found in _judged(each)), *_conflicts(stated)]


def handler_findings(manifest: Manifest, settings: Settings) -> list[Finding]:
    """The handlers whose task class the project does not have."""
    asking = [
        (contract.node, contract.handler)
        for contract in manifest.contracts
        if contract.handler is not None and contract.handler.kind is HandlerKind.LLM
    ]
    if not asking:
        return []
    known = _task_classes(settings)
    return [_unknown(node, each, known, settings) for node, each in asking if each.task_class not in known]


def _judged(payload: Payload) -> Iterator[Finding]:
    topic = payload.topic
    if payload.flaw:
        return  # which is a finding of its contract
    try:
        schema = schema_of(payload)
    except SchemaUnusable as flaw:
        yield _unusable(payload, str(flaw))
        return
    if schema is None:
        return
    try:
        from omni_assets.router.gates.gate import Verdict
        from omni_assets.router.gates.json_values import fits

        judged = fits(json.loads(payload.example) if payload.example else None, schema)
    except ImportError:
        missing = ExtraMissing("agents", f"judging the schema of `{topic}`")
        yield finding(INVALID_SCHEMA, missing.message, payload.location, topic=topic, severity=Severity.WARNING)
        return
    if judged.verdict is Verdict.UNKNOWN:
        yield _unusable(payload, judged.evidence)
    elif payload.example and judged.verdict is not Verdict.PASSED:
        message = f"the example of `{topic}` does not fit its schema: {judged.evidence}."
        yield finding(UNFIT_EXAMPLE, message, payload.location, topic=topic, fix="mend the example, or the schema")


def _conflicts(stated: Iterable[Payload]) -> Iterator[Finding]:
    first: dict[str, tuple[object, Payload]] = {}
    for payload in stated:
        try:
            schema = schema_of(payload)
        except SchemaUnusable:
            continue
        if schema is None:
            continue
        meant, other = first.setdefault(payload.topic, (json.loads(schema), payload))
        if meant != json.loads(schema):
            yield finding(
                CONFLICTING_SCHEMAS,
                f"the records of `{payload.topic}` have another schema here than in {other.location}.",
                payload.location,
                topic=payload.topic,
                related=((other.location, "the other schema"),),
                fix="say it in one contract, or the same in both",
            )


def _unusable(payload: Payload, why: str) -> Finding:
    message = f"the schema of `{payload.topic}` cannot be used: {why}."
    return finding(INVALID_SCHEMA, message, payload.location, topic=payload.topic, fix=_MEND)


def _task_classes(settings: Settings) -> set[str]:
    """The classes that can be used, and those whose files cannot: what is wrong with these is told elsewhere."""
    from omni_assets.router.files.class_files import class_paths, load_task_classes

    folder = task_classes_path(settings)
    try:
        paths = class_paths(folder)
    except OSError:
        return set()
    loaded, _ = load_task_classes(folder, None)
    return {*(each.name for each in loaded), *(os.path.splitext(os.path.basename(path))[0] for path in paths)}


def _unknown(node: str, handler: Handler, known: set[str], settings: Settings) -> Finding:
    close = get_close_matches(handler.task_class[:120], sorted(known), 1)
    folder = os.path.relpath(task_classes_path(settings))
    return finding(
        UNKNOWN_TASK_CLASS,
        f"the handler of `{short(node)}` names the task class `{short(handler.task_class)}`, which `{folder}` lacks.",
        handler.location,
        fix=f"write `{close[0]}`" if close else "name a class that is there, or add one",
    )
