"""A cluster of machines, through Ray, which is an extra: nothing here is loaded unless a cluster is asked for."""
