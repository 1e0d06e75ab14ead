"""``OmniTopicsComponent``"""

import dagster as dg

from omni_assets.pipeline.components.project import ProjectAttributes
from omni_assets.pipeline.parts import about_topics, declared
from omni_assets.pipeline.topics.keys import PLATFORM


class OmniTopicsComponent(dg.Component, ProjectAttributes):
    """Topics as contracts declare them, as the broker has them, and what differs.

    Adds the table assets with their checks, the lineage from node to topic to node, the jobs `reconcile`, `apply_plan`
    and `summarize_drift`, the hourly and the daily schedule, and the sensors that see contracts that changed and topics
    that are missing. All of it works on the resource `project`.
    """

    @classmethod
    def get_spec(cls) -> dg.ComponentTypeSpec:
        """Who answers for it, and what it adds."""
        produces = ["asset", "asset_check", "job", "schedule", "sensor", "resource"]
        return dg.ComponentTypeSpec(owners=[PLATFORM], tags=["kafka", "omni"], produces=produces)

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """What Dagster shows of the project's topics. It loads whatever the contracts hold."""
        project = self.project(context.project_root)
        return dg.Definitions.merge(about_topics(declared(project)), dg.Definitions(resources={"project": project}))
