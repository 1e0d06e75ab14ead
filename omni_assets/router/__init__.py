"""Who does a task: the cheapest model that can, its output checked before it counts, and a receipt of it all."""
