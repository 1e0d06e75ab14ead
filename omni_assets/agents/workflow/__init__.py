"""The agents of this project's own workflow: from a branch to a merge, on real git repositories."""
