"""How tasks move: events in, handlers that work on them, one receipt for each, events out."""
