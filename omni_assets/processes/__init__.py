"""Processes that outlive the command that starts them: who they are, where they listen, what is noted of them."""
