"""Alerts: what is wrong now, told to people once, again after a day, and once more when it is over."""
