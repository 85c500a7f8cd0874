"""The HTTP server: routes, uploads, server-sent events, and the page."""
