"""The window to watch: requests, sessions, usage, and the proxy that makes them."""
