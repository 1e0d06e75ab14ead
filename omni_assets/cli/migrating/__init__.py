"""``omni migrate`` and its family: records from elsewhere into topics."""
