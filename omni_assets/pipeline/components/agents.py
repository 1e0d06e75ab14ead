"""``OmniAgentsComponent``"""

import dagster as dg

from omni_assets.pipeline.components.project import ProjectAttributes
from omni_assets.pipeline.parts import about_agents, declared
from omni_assets.pipeline.topics.keys import PLATFORM


class OmniAgentsComponent(dg.Component, ProjectAttributes):
    """What became of the tasks of agents on the bus: a receipt each, and what people are asked.

    Adds the asset `agents/tasks`, whose materializations are the receipts of the ledger, with its checks, the asset
    `agents/questions`, the jobs `agent_tasks`, `list_questions` and `answer_approval`, and the sensors that see what
    waits in an inbox and what is asked. All of it works on the resource `project`.
    """

    @classmethod
    def get_spec(cls) -> dg.ComponentTypeSpec:
        """Who answers for it, and what it adds."""
        produces = ["asset", "asset_check", "job", "sensor", "resource"]
        return dg.ComponentTypeSpec(owners=[PLATFORM], tags=["kafka", "omni"], produces=produces)

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """What Dagster shows of the project's agents. It loads whatever the contracts hold."""
        project = self.project(context.project_root)
        return dg.Definitions.merge(about_agents(declared(project)), dg.Definitions(resources={"project": project}))
