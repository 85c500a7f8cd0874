"""From settings and pictures to a running transfer, its events and its result."""
