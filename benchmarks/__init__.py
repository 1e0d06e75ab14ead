"""One script a claim, ratios against a baseline in the same run. ``python -m benchmarks.NAME --help`` says what."""
