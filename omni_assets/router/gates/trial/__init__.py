"""Tests run against code that nobody trusts: the cell that it runs in, the trial there, and the court outside."""
