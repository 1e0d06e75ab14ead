"""What is remembered: a DuckDB file made from rows of the other floors, and a journal of what cannot be seen again."""
