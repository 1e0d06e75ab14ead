"""Who feeds whom: the graph over all contracts, names that are nearly the same, and what is wrong with both."""
