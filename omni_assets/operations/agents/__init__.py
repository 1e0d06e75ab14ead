"""Agents of a project at work, and what is given to them."""
