"""The process that runs jobs, and the supervisor that restarts it."""
