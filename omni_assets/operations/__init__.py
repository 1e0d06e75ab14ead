"""What people, Dagster and programs alike ask for: each operation strings the floors below together."""
