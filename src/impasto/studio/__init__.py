"""The studio: a page on the same machine where anyone can paint.

A server with thin routes, a painter in a process of its own, and a folder with a SQLite database between them; neither
of the two needs the other to be alive.
"""
