"""The router's YAML files as values, or every flaw with its place."""
