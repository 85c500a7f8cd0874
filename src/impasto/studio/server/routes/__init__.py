"""What the server answers: each route finds what is asked for, and the rooms beside do the work."""
