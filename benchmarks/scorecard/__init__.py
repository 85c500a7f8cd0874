"""How good the pictures are, in figures and side by side: ours, and those of the tools that people use today."""
