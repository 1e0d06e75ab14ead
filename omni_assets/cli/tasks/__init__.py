"""``omni task``: what agents are given to do, and what became of it."""
