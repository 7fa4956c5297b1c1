"""The composed proxy and its life cycle: the server, its socket, and how other processes find it."""
