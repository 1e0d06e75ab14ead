"""What changed between two manifests, and whom it hurts."""
