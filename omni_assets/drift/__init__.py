"""The difference between what should exist and what does: pure functions over a manifest and a snapshot."""
