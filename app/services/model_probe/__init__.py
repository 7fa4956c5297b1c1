"""A role really tried: small calls through the proxy, and what came of them."""
