"""Reading clips: films, animations, and frames in a folder."""
