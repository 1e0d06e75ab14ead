"""Tasks through the router: opened from the project, run, remembered, published to the ledger, and added up."""
