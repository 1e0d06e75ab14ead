"""The command line: thin modules over ``operations``. The only place that imports typer and rich."""
