"""The studio: a page on this machine for running style transfer, with a queue and a history.

The server and its workers are separate processes that share a folder with a SQLite database; each keeps working while
the other is down.
"""
