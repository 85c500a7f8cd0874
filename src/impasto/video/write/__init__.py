"""Writing films: containers, animations, and frames into a folder."""
