"""The keys of the assets about tasks on the bus."""

from __future__ import annotations

import dagster as dg

TASKS = dg.AssetKey(["agents", "tasks"])
QUESTIONS = dg.AssetKey(["agents", "questions"])

GROUP = "agents"
