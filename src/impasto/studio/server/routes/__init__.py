"""The HTTP routes: thin functions over the store, the queries and the upload service."""
