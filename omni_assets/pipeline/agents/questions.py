"""Questions of agents to people: the asset that shows them, and the job ``answer_approval`` that answers one.

An answer is good for exactly what was shown: whoever gives it repeats the digest of that.
"""

from collections.abc import Iterator

import dagster as dg
from pydantic import Field

from omni_assets.agents.task_receipt import Answer
from omni_assets.contracts.text import count, visible
from omni_assets.errors import InputError, OmniError
from omni_assets.operations.agents.approving import Asked, Waiting, answer, find, waiting
from omni_assets.operations.context import Context
from omni_assets.pipeline.agents.keys import GROUP, QUESTIONS, TASKS
from omni_assets.pipeline.resources import ProjectResource, one_sentence
from omni_assets.pipeline.topics.keys import PLATFORM
from omni_assets.pipeline.topics.metadata import Column, Metadata, preview

ANSWER_APPROVAL = "answer_approval"
LIST_QUESTIONS = "list_questions"

LONGEST_SHOWN = 20_000
"""Most characters of a question that are shown here; a longer one is answered where all of it is."""

_ITS_ID = "the id in agents/questions"
_ITS_DIGEST = "the content_sha256 in agents/questions"
_EITHER = "approved or rejected"
_YOUR_NAME = "your name"
_A_REASON = "why"
_TO_BE_WRITTEN_OVER = frozenset({_ITS_ID, _ITS_DIGEST, _EITHER, _YOUR_NAME, _A_REASON})
"""What the launchpad opens with. Text that still says so was not filled in."""


class AnswerToGive(dg.Config):
    """Which question, what exactly was read, and what is said to it."""

    id: str = Field(
        default=_ITS_ID,
        description="The question: its id, as `agents/questions` lists it; as much of its beginning as is its alone.",
    )
    content_sha256: str = Field(
        default=_ITS_DIGEST,
        description="The digest of what you have read, all 64 digits, as `agents/questions` shows it beside the "
        "content. The answer is good for exactly that, and for nothing that was asked since.",
    )
    answer: str = Field(default=_EITHER, description="`approved` or `rejected`.")
    by: str = Field(default=_YOUR_NAME, description="Who you are: the agent is told, and the ledger keeps it.")
    reason: str = Field(
        default=_A_REASON, description="Why, for the agent. A rejection needs one; left as it is, it says nothing."
    )


@dg.asset(
    key=QUESTIONS,
    deps=[TASKS],
    group_name=GROUP,
    owners=[PLATFORM],
    kinds={"kafka"},
    description="What agents ask people, and nobody has answered yet, oldest first: each with exactly what the answer "
    "will be good for, and its digest. Answer one in the launchpad of the job `answer_approval`, or with "
    "`omni task approve`. Materialize it to look anew; the sensor `question_asked` does so when a task waits.",
)
def questions(project: ProjectResource) -> dg.MaterializeResult[None]:
    with one_sentence():
        found = waiting(project.context())
    return dg.MaterializeResult(metadata=_shown(found))


list_questions = dg.define_asset_job(
    LIST_QUESTIONS,
    selection=dg.AssetSelection.assets(QUESTIONS),
    description="Lists what agents ask people, with what each answer will be good for.",
)


@dg.op(
    description="Finds the question, refuses an answer to anything but what it holds, and publishes the answer: an "
    "event that the agent goes on with.",
)
def give_answer(context: dg.OpExecutionContext, config: AnswerToGive, project: ProjectResource) -> None:
    with one_sentence():
        where = project.context()
        given = _stated(config)
        asked = find(where, _filled_in(config.id))
        _require_as_shown(asked, config.content_sha256)
        reply = answer(where, asked, given, _filled_in(config.by), _filled_in(config.reason))
    context.log.info(f"{reply.answer} by {visible(reply.by)}: {reply.request}")
    for event in _listed_anew(where):
        context.log_event(event)


@dg.job(
    name=ANSWER_APPROVAL,
    config=dg.RunConfig(ops={give_answer.name: AnswerToGive()}),
    description="Answers a question of an agent. Read it in `agents/questions`, then open the launchpad, repeat its id "
    "and its digest, say `approved` or `rejected` and who you are, and launch. What was asked anew since then, or "
    "answered by somebody else, is refused.",
)
def answer_approval() -> None:
    give_answer()


def _filled_in(text: str) -> str:
    """``text`` without the space around it; empty where nobody wrote over what stood there."""
    said = text.strip()
    return "" if said in _TO_BE_WRITTEN_OVER else said


def _stated(config: AnswerToGive) -> Answer:
    """The answer that a person gave. Raises ``InputError`` where something is left out."""
    if not _filled_in(config.id):
        raise InputError("no question is named.", "Give the `id` of one that `agents/questions` lists.")
    if config.answer not in (Answer.APPROVED, Answer.REJECTED):
        raise InputError(f"`{visible(config.answer[:40])}` is no answer.", "Say `approved` or `rejected`.")
    if not _filled_in(config.by):
        raise InputError("it is not said who answers.", "Give your name as `by`: the agent is told.")
    if config.answer == Answer.REJECTED and not _filled_in(config.reason):
        raise InputError("a rejection says why.", "Give the `reason`: the agent goes by it.")
    return Answer(config.answer)


def _require_as_shown(asked: Asked, digest: str) -> None:
    """Raises ``InputError`` where it was answered before, or is not what was read."""
    question = asked.question
    if asked.given is not None:
        reply, at = asked.given
        raise InputError(
            f"the question {question.task} was {reply.answer} by {visible(reply.by)} at {at:%Y-%m-%d %H:%M} UTC.",
            "The first answer counts.",
        )
    if digest.strip().lower() != question.content_sha256:
        raise InputError(
            f"`content_sha256` is not the digest of the question {question.task}.",
            "Read it in `agents/questions`, and repeat the digest that stands beside it.",
        )


def _listed_anew(where: Context) -> Iterator[dg.AssetMaterialization]:
    """What waits after an answer. Where that cannot be seen, the answer was given all the same."""
    try:
        yield dg.AssetMaterialization(QUESTIONS, metadata=_shown(waiting(where)))
    except OmniError:
        return


def _shown(found: Waiting) -> Metadata:
    """The table of questions, and what each says, as text that stays text."""
    contents = "\n\n".join(map(_content, found.asked[:_MOST_SHOWN]))
    entries: Metadata = {
        "dagster/row_count": dg.MetadataValue.int(len(found.asked) + found.more),
        "waiting": dg.MetadataValue.int(len(found.asked) + found.more),
        "not_readable": dg.MetadataValue.int(found.unreadable),
        **preview("questions", _COLUMNS, map(_row, found.asked), "see `omni task approvals`"),
        "contents": dg.MetadataValue.md(contents or "Nothing waits for a person."),
    }
    if len(found.asked) > _MOST_SHOWN:
        rest = f"{count(len(found.asked) - _MOST_SHOWN, 'more question')}: `omni task approve ID` shows each"
        entries["contents_left_out"] = dg.MetadataValue.text(rest)
    return entries


_MOST_SHOWN = 10
_COLUMNS = (Column("id"), Column("content_sha256"), Column("title"), Column("node"), Column("asked_at"))


def _row(each: Asked) -> dict[str, str]:
    return {
        "id": each.question.task,
        "asked_at": each.at.isoformat(" ", "seconds"),
        "node": each.question.node,
        "title": each.question.title,
        "content_sha256": each.question.content_sha256,
    }


def _content(each: Asked) -> str:
    """A question as Markdown: every line of its text is indented, and so is code that no line of it can end."""
    shown = each.question.ask.shown
    said = "\n".join(f"    {visible(line)}" for line in shown.split("\n"))
    if len(said) > LONGEST_SHOWN:
        said = f"    It has {len(shown):,} characters: omni task approve {each.question.task} shows all of it."
    return f"**{each.question.task}**, digest `{each.question.content_sha256}`:\n\n{said}"
