"""Storage of the studio: a SQLite database and a folder of pictures; no HTTP."""
