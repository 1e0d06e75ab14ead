"""``omni import`` and its family: from what is there already to contracts."""
