"""What is wrong with the names and shapes that a contract holds, as findings: sentences with a way out. Pure."""

from __future__ import annotations

from omni_assets.contracts.findings import finding
from omni_assets.contracts.forms import Step
from omni_assets.contracts.letters import latin, odd_letters
from omni_assets.contracts.mentions import Mention
from omni_assets.contracts.model import Finding, Location, Severity
from omni_assets.contracts.naming import Grammar, InvalidName, is_template
from omni_assets.contracts.rules import (
    DUPLICATE_KEY,
    ENVIRONMENT_PREFIX,
    IDLE_HANDLER,
    LOOK_ALIKE_LETTERS,
    MALFORMED_NAME,
    TEMPLATE_NAME,
    UNEXPECTED_SHAPE,
    UNREAD_DECLARATION,
)

_INSTEAD_OF_A_TEMPLATE = "declare one topic and put the placeholder's value into the record's key"
_MOST_LETTERS = 5


def environment_prefix(mention: Mention, location: Location) -> Finding:
    """A name that is read without the placeholders in front of it."""
    return finding(
        ENVIRONMENT_PREFIX,
        f"`{short(mention.placeholders + mention.name)}` is read as `{short(mention.name)}`: each environment has a "
        "broker of its own, so one name holds everywhere.",
        location,
        topic=mention.name,
        fix=f"write `{short(mention.name)}`",
    )


def template(name: str, reason: InvalidName, location: Location) -> Finding:
    """A name with a placeholder in it."""
    message = f"`{short(name)}` is a template, so it is not provisioned: {reason}."
    return finding(TEMPLATE_NAME, message, location, topic=name, fix=_INSTEAD_OF_A_TEMPLATE)


def malformed(name: str, reason: InvalidName, grammar: Grammar, location: Location) -> Finding:
    """A declared name that does not follow the grammar."""
    stripped = name.strip()
    suggestion = stripped if grammar.matches(stripped) else grammar.suggest(stripped)
    return finding(
        MALFORMED_NAME,
        f"`{short(name)}` is not a topic name: {reason}.",
        location,
        topic=name,
        fix=_written_as(suggestion, grammar),
    )


def look_alike(written: str, grammar: Grammar, location: Location) -> Finding:
    """A name with letters of another script."""
    odd = odd_letters(written)
    more = len(odd) - _MOST_LETTERS
    shown = ", ".join(odd[:_MOST_LETTERS]) + (f" and {more} more" if more > 0 else "")
    plain = latin(written)
    return finding(
        LOOK_ALIKE_LETTERS,
        f"`{short(written)}` looks like `{short(plain)}` and is another name: it holds {shown}.",
        location,
        topic=written,
        fix=_written_as(plain if grammar.matches(plain) else grammar.suggest(plain), grammar),
        near=(plain,) if grammar.matches(plain) else (),
    )


def unread(mention: Mention, at: str, grammar: Grammar, location: Location, declared: Location | None) -> Finding:
    """A topic where no form reads it; ``declared`` is where the same contract declares it."""
    name = mention.name
    message = f"`{short(mention.placeholders + name)}` looks like a topic, and no form reads it at {at}"
    if declared is not None:
        return finding(
            UNREAD_DECLARATION,
            f"{message}; nothing is lost, since line {declared.line} declares it.",
            location,
            topic=name,
            severity=Severity.NOTE,
            related=((declared, "declared here"),),
        )
    meant = name if grammar.matches(name) else grammar.suggest(name)
    declared_as = f"`{short(meant)}`" if meant else f"a name that follows `{grammar.template}`"
    places = "under event_bus.publish_topics or event_bus.subscribe_topics"
    return finding(
        UNREAD_DECLARATION,
        f"{message}, so it is neither provisioned nor checked.",
        location,
        topic=name,
        fix=_INSTEAD_OF_A_TEMPLATE if is_template(name) else f"declare {declared_as} {places}",
    )


def misplaced(step: Step, at: str, found: str, location: Location) -> Finding:
    """A list or a mapping that a form does not take. What it holds is looked at, and reported by itself."""
    wanted, fix = _wanted(step)
    return finding(
        UNEXPECTED_SHAPE,
        f"`{at}` holds {found} where {wanted} is expected, so nothing of it is read.",
        location,
        severity=None if step.items or step.form else Severity.WARNING,
        fix=fix,
    )


def misplaced_scalar(step: Step, at: str, text: str, names: list[str], location: Location) -> list[Finding]:
    """A single value that a form does not take: a finding for each topic in it, or one."""
    wanted, fix = _wanted(step)
    severity = None if names or step.items else Severity.WARNING
    return [
        finding(
            UNEXPECTED_SHAPE,
            f"`{at}` holds the single value `{short(name)}` where {wanted} is expected, so it is not read.",
            location,
            topic=name if names else None,
            severity=severity,
            fix=fix,
        )
        for name in names or [text]
    ]


def nameless(step: Step, at: str, location: Location) -> Finding:
    """An item that names no topic, and is lost with all that it states."""
    return finding(
        UNEXPECTED_SHAPE,
        f"`{at}` has no `{next(iter(step.keys))}`, so nothing of it is read.",
        location,
        severity=Severity.WARNING,
        fix="name the topic, or remove the item",
    )


def duplicate_key(key: str, location: Location, first: Location) -> Finding:
    """A key that stands twice in one mapping."""
    return finding(
        DUPLICATE_KEY,
        f"the key `{short(key)}` stands twice in this mapping, first in line {first.line}.",
        location,
        related=((first, f"the first `{short(key)}`"),),
        fix="remove one of them",
    )


def idle(node: str, location: Location) -> Finding:
    """A handler that no record ever comes to."""
    message = f"`{short(node)}` has a handler and subscribes nothing, so no record ever comes to it."
    return finding(IDLE_HANDLER, message, location, fix="subscribe what it is to work on, or remove the handler")


def short(text: str, longest: int = 120) -> str:
    """``text``, cut to ``longest`` characters where it is too long for a sentence."""
    return text if len(text) <= longest else text[:longest] + "…"


def _written_as(suggestion: str | None, grammar: Grammar) -> str:
    return f"write `{suggestion}`" if suggestion else f"follow `{grammar.template}`"


def _wanted(step: Step) -> tuple[str, str]:
    """What a form takes where ``step`` stands, and how to write it."""
    if step.items is not None:
        of = "topics" if step.items.form else "mappings with a `topic`"
        return f"a list of {of}", "write each on a line of its own, after `- `"
    if step.form is not None:
        return "a topic", "write the topic's name"
    if step.topics is not None:
        return "a mapping with topics as keys", "write the name, a colon, and what is to say of it"
    if "topic" in step.keys:
        return "a mapping with a `topic`", "write the name after `topic: `"
    return "a mapping", f"write {' or '.join(f'`{key}:`' for key in list(step.keys)[:2])} under it"
