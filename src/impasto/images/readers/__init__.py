"""The readers of files, one module for each format that needs more than Pillow gives."""
