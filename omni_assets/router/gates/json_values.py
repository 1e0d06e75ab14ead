"""Gates for JSON: whether it is any, and whether it has the shape that is wanted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from omni_assets.router.gates.answers import objects
from omni_assets.router.gates.gate import Evidence, Gate, Given, Judged, NoParameters, failed, passed, unknown
from omni_assets.router.normalise import read_json
from omni_assets.router.task import Task
from omni_assets.router.values import OutputFormat

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

Keyword = Callable[[Any, Any, Any, Any], Iterator[Any]]

_MOST_STEPS = 200_000
_CHARACTERS_A_STEP = 200
_MOST_MESSAGE = 300

_steps_left: ContextVar[list[int]] = ContextVar("steps_left")


class _NotJudged(Exception):
    """The schema asks for what cannot be answered in bounded time; ``str()`` is a clause that says what."""


def _value(evidence: Evidence) -> Any:
    """The JSON value of the output. Raises ``ValueError``."""
    output = evidence.output
    return output.value if output.value is not None else read_json(output.text)


def _valid_json(evidence: Evidence, _: NoParameters) -> Judged:
    try:
        _value(evidence)
    except ValueError as error:
        return failed(f"the output is no JSON: {error}")
    return passed()


def _matches_schema(evidence: Evidence, _: NoParameters) -> Judged:
    task, task_class = evidence.task, evidence.task_class
    schema = task.output_schema if task.output_schema is not None else task_class.output_schema
    if schema is None:
        return unknown("neither the task nor its class has an `output_schema`")
    try:
        value = _value(evidence)
    except ValueError as error:
        return failed(f"the output is no JSON: {error}")
    return fits(value, json.dumps(schema))


def fits(value: Any, schema: str) -> Judged:
    """Whether a JSON value has the shape that a JSON schema wants, in bounded time; unknown where it cannot be told.

    ``schema`` is JSON text. Nothing that it refers to is fetched.
    """
    from jsonschema.exceptions import SchemaError
    from referencing.exceptions import Unresolvable

    token = _steps_left.set([_MOST_STEPS])
    try:
        wrong = next(_validator(schema).iter_errors(value), None)
    except SchemaError as error:
        return unknown(f"the schema is none: {error.message[:_MOST_MESSAGE]}")
    except Unresolvable as error:
        return unknown(f"the schema refers to `{error.ref}`, which is not there, and nothing is fetched")
    except (_NotJudged, RecursionError) as error:
        return unknown(str(error) if isinstance(error, _NotJudged) else "schema and output are nested too deeply")
    finally:
        _steps_left.reset(token)
    return passed() if wrong is None else failed(f"at `{wrong.json_path}`: {wrong.message[:_MOST_MESSAGE]}")


@lru_cache(maxsize=64)
def _validator(schema: str) -> Validator:
    """The validator of a schema, which never fetches anything. Raises jsonschema's ``SchemaError``.

    A part of a schema that names a dialect would be given to that dialect's own validator, which is not bounded.
    """
    from jsonschema.validators import Draft202012Validator, validator_for
    from jsonschema_specifications import REGISTRY

    document = json.loads(schema)
    kind = validator_for(document, default=Draft202012Validator)
    kind.check_schema(document)
    document.pop("$schema", None)
    if any(isinstance(part.get("$schema"), str) for part in objects(document)):
        raise _NotJudged("a schema in several dialects is not judged")
    if "unevaluatedProperties" in schema and "patternProperties" in schema:
        raise _NotJudged("`unevaluatedProperties` together with `patternProperties` is not judged")
    return _bounded(kind)(document, registry=REGISTRY)


@cache
def _bounded(kind: type[Validator]) -> Callable[..., Validator]:
    """A kind of validator that counts its steps, and knows no expression that could take for ever."""
    from jsonschema.validators import extend

    keywords = {
        **kind.VALIDATORS,
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "uniqueItems": _unique_items,
    }
    bounded: Callable[..., Validator] = extend(kind, {name: _counted(judge) for name, judge in keywords.items()})  # type: ignore[no-untyped-call]
    return bounded


def _counted(judge: Keyword) -> Keyword:
    def counted(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[Any]:
        _take(1)
        for error in judge(validator, wanted, instance, schema) or ():
            _take(len(error.message) // _CHARACTERS_A_STEP)
            yield error

    return counted


def _take(steps: int) -> None:
    left = _steps_left.get()
    left[0] -= steps
    if left[0] < 0:
        raise _NotJudged(f"the schema was not through after {_MOST_STEPS:,} steps")


@lru_cache(maxsize=256)
def _expression(pattern: str) -> Callable[[str], bool]:
    """Whether a pattern occurs in a text, in time in proportion to it: by the regular expressions of Rust, which know
    neither look-around nor back-references.
    """
    from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema

    try:
        validator = SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex", strict=True))
    except SchemaError:
        raise _NotJudged(f"the pattern `{pattern[:100]}` is not judged, for it could take for ever") from None

    def occurs(text: str) -> bool:
        try:
            validator.validate_python(text)
        except ValidationError:
            return False
        return True

    return occurs


def _pattern(validator: Any, pattern: str, instance: Any, _: Any) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if validator.is_type(instance, "string") and not _expression(pattern)(instance):
        yield ValidationError(f"{instance[:_MOST_MESSAGE]!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Mapping[str, Any], instance: Any, _: Any) -> Iterator[Any]:
    if not validator.is_type(instance, "object"):
        return
    for pattern, schema in patterns.items():
        occurs = _expression(pattern)
        for key, value in instance.items():
            _take(1)
            if occurs(key):
                yield from validator.descend(value, schema, path=key, schema_path=pattern)


def _additional_properties(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if not validator.is_type(instance, "object"):
        return
    known = schema.get("properties", {})
    patterns = [_expression(each) for each in schema.get("patternProperties", {})]
    for key, value in instance.items():
        _take(1 + len(patterns))
        if key in known or any(occurs(key) for occurs in patterns):
            continue
        if validator.is_type(wanted, "object"):
            yield from validator.descend(value, wanted, path=key)
        elif not wanted:
            yield ValidationError(f"{key[:_MOST_MESSAGE]!r} is a member that the schema does not know")


def _unique_items(validator: Any, wanted: Any, instance: Any, _: Any) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if wanted and validator.is_type(instance, "array"):
        _take(len(instance))
        if len({_written(each) for each in instance}) < len(instance):
            yield ValidationError("an array has one item twice")


def _written(value: Any) -> str:
    """A JSON value in one writing: 1 and 1.0 are one number, and neither is true."""
    whole = isinstance(value, float) and value.is_integer()
    return json.dumps(int(value) if whole else value, sort_keys=True)


_LABELS = {
    "type": "object",
    "properties": {"label": {"enum": ["bug", "feature", "question"]}},
    "required": ["label"],
}

GATES = (
    Gate(
        id="valid-json",
        version=1,
        summary="The output is JSON.",
        explanation=(
            "An output is unwrapped first: a code fence, text around it and backslashes that JSON does not know are no "
            "failure, and the receipt tells what was taken off. Numbers without end, NaN and an object with one key "
            "twice are no JSON, because readers disagree about what they mean."
        ),
        passes='Here it is:\n```json\n{"label": "bug"}\n```',
        fails='{"label": "bug", "label": "feature"}',
        parameters=NoParameters,
        judge=_valid_json,
        given=Given(output_format=OutputFormat.JSON),
    ),
    Gate(
        id="matches-schema",
        version=1,
        summary="The output is JSON of the shape that the task, or else its class, wants.",
        explanation=(
            "`output_schema` is a JSON schema, 2020-12 unless it says otherwise. Nothing that it refers to is ever "
            "fetched. Patterns are matched by an engine that takes time in proportion to the text. This is unknown for "
            "a pattern with look-around or back-references, for a reference that leads out of the schema, and where "
            "200,000 steps do not get to the end. `format` is not looked at."
        ),
        passes='{"label": "bug"}',
        fails='{"label": "defect"}',
        parameters=NoParameters,
        judge=_matches_schema,
        given=Given(
            task=Task(id="example", output_schema=_LABELS), output_format=OutputFormat.JSON, answer_key="label"
        ),
        packages={"jsonschema": "router"},
    ),
)
