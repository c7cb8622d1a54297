"""The server: the control room's pages and the API beneath them."""
