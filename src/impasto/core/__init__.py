"""The mathematics: tensors in, tensors out. No file, clock, print, environment variable or progress bar."""
