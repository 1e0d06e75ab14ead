"""Components, which add parts of a project to somebody's own Dagster project by a few lines of YAML.

``dg list components`` finds them here, by the entry point ``dagster_dg_cli.registry_modules``.
"""

from omni_assets.pipeline.components.agents import OmniAgentsComponent
from omni_assets.pipeline.components.topics import OmniTopicsComponent

__all__ = ["OmniAgentsComponent", "OmniTopicsComponent"]
