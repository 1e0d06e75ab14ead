"""The chapters of the demo, in the order of the story. Later work adds its own here."""

from omni_assets.operations.demo.routing import ROUTING
from omni_assets.operations.demo.silence import SILENCE
from omni_assets.operations.demo.story import Chapter
from omni_assets.operations.demo.workflow import WORKFLOW

CHAPTERS: tuple[Chapter, ...] = (SILENCE, ROUTING, WORKFLOW)
