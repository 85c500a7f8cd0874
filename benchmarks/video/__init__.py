"""Moving pictures, measured: clips whose motion is known, what is measured of films, and the run that does it."""
