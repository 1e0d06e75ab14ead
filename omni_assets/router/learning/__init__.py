"""What receipts teach, and what answers say about each other."""
