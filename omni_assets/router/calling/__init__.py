"""Models are asked: where they are, whether they may be, within which bounds, and what they replied."""
