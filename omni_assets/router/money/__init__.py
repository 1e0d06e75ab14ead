"""What calls cost: prices, the budget of a day, and the account of a task."""
