"""The code of the team, and its contracts."""
