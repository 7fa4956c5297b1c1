"""Routing: a request and the user's choices give a target and the reason for it."""
