"""What is known, for programs that are not omni."""
