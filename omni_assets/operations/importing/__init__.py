"""From what is there already to drafts of contracts."""
