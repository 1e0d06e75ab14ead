"""``omni export`` and its family: what is known, for programs that are not omni."""
