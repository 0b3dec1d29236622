"""Many inputs into one store: plan, jobs, workers, status."""
