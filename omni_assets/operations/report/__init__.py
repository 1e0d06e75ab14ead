"""The report: everything that is remembered of a project, as one HTML file that needs nothing else."""
