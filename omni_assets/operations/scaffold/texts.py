"""The files that a project gets, as texts. Pure; what stands under ``files`` is read with the package."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files

from omni_assets.contracts.naming import Grammar, TopicName

NODE = "greeter"
"""The node of the first contract."""

SETTINGS = "settings"

_VERSION = "@VERSION@"

_SETTINGS = """\
# Settings of this project, written by `omni init`. Never a topic name: those live in contracts.
# docs/settings.md of Omni Assets explains every key.

# Where contracts are looked for: folders and files.
contracts = {contracts}
{check}
# An environment of your own: `omni drift --env staging`. Passwords come from the environment, such as
# OMNI_KAFKA_SASL_PASSWORD; a file that holds one is refused.
# [environments.staging]
# bootstrap_servers = "kafka.staging.example:9093"
# kafka = {{ "security.protocol" = "SASL_SSL", "sasl.mechanism" = "SCRAM-SHA-512" }}
# limits = {{ partitions = 12, replication_factor = 3 }}

# Topics are called otherwise here? A grammar of your own:
# [grammar]
# pattern = "{{kind}}.{{producer}}.{{event}}.v{{N}}"
# kinds = ["command", "event"]
"""

_CHECK = """
[check]
# What was wrong when checking began is known, and silent; only what is new counts. `omni check --write-baseline` writes
# it anew when some of it has been mended.
baseline = {baseline}
"""

_CONTRACT = """\
# A contract owns the names of the topics that a node reads and writes, and the settings of those that it writes.
# Nothing else holds a topic's name. `omni check` says what is wrong with it, `omni topics` what it declares.
name: {node}
description: Says hello to whoever asks.

event_bus:
"""

_ASKED = """\
  subscribe_topics:
    # "Please greet somebody." Whoever asks has no contract here, and says so; without the mark it would be told.
    - topic: {topic}
      external_publisher: true

"""

_TOLD = """\
  publish_topics:
    # "Somebody was greeted." The same for whoever reads it.
    - topic: {topic}
      partitions: 3
      keyed: true
      retention: 7d
      external_subscriber: true
"""


@dataclass(frozen=True, slots=True)
class Piece:
    """A file that a project gets: its path from the root, its text, and what it is for.

    One that is there already has what it needs where it holds ``mark``; ``lacking`` says what to add where it does not.
    Without a mark, any file will do.
    """

    path: str
    text: str
    purpose: str
    mark: str = ""
    lacking: str = ""


def settings(contracts: Sequence[str], baseline: str | None) -> Piece:
    """``omni.toml`` of a project with contracts in those folders, and that baseline or none."""
    named = ", ".join(map(_quoted, contracts))
    check = _CHECK.format(baseline=_quoted(baseline)) if baseline else ""
    return Piece("omni.toml", _SETTINGS.format(contracts=f"[{named}]", check=check), SETTINGS)


def first_contract(folder: str, grammar: Grammar) -> Piece | None:
    """A contract to begin with in ``folder``. Its names follow ``grammar``; ``None`` where that takes no such words."""
    asked = _named(grammar, grammar.command_kinds, "greet")
    told = _named(grammar, _facts(grammar), "greeted")
    if told is None:
        return None
    asking = _ASKED.format(topic=asked) if asked else ""
    text = _CONTRACT.format(node=NODE) + asking + _TOLD.format(topic=told)
    return Piece(f"{folder}/{NODE}/contract.yaml", text, "a first contract")


def standing(version: str) -> tuple[Piece, ...]:
    """What every project gets, whatever its contracts are. ``version`` is the one of omni that CI is to install."""
    return (
        Piece(
            "workspace.yaml",
            _read("workspace.yaml"),
            "what Dagster loads",
            "omni_assets.pipeline",
            "Add the Python module `omni_assets.pipeline.definitions` to what it loads.",
        ),
        Piece(
            ".github/workflows/omni.yaml",
            _read("workflow.yaml").replace(_VERSION, version),
            "a CI job for pull requests",
            "omni check",
            "Let one of its jobs run `omni check --format github`.",
        ),
        Piece(
            ".pre-commit-config.yaml",
            _read("pre-commit.yaml").replace(_VERSION, version),
            "a check before each commit",
            "omni check",
            "Add a hook that runs `omni check`; `omni init --dry-run --format json` has its text.",
        ),
        Piece(
            ".gitignore",
            _read("gitignore"),
            "what Git leaves out",
            ".omni",
            "Add the line `.omni/`: the state of one machine is nobody else's.",
        ),
    )


def _facts(grammar: Grammar) -> Iterable[str]:
    """Kinds of topics that tell what has happened, as far as a grammar says so."""
    others = {*grammar.command_kinds, *grammar.dead_letter_kinds, *grammar.intent_kinds, *grammar.kinds_without_event}
    return (kind for kind in grammar.kinds if kind not in others)


def _named(grammar: Grammar, kinds: Iterable[str], event: str) -> str | None:
    names = (grammar.format(TopicName(kind, NODE, event, 1)) for kind in kinds)
    return next(filter(grammar.matches, names), None)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _read(name: str) -> str:
    return files(__package__).joinpath("files", name).read_text(encoding="utf-8")
