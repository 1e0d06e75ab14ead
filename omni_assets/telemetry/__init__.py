"""What is told of the work while it goes on: logs for programs, traces and metrics. Nowhere, unless asked for."""
