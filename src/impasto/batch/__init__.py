"""Many pictures in one go: jobs from files, folders, globs or a table, painted by worker processes, kept in a manifest.

Nothing here prints: `run.Batch` tells what happens as the events of `events`.
"""
