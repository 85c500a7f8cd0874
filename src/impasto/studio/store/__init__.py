"""What the studio keeps: a SQLite database and a folder of pictures; no HTTP."""
