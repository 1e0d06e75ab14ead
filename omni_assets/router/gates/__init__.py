"""Gates: what an output is held against before it counts. Each is a small pure function with an id and a version."""
