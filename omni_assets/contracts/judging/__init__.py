"""Which findings count: rules chosen, echoes, exemptions, and a baseline."""
