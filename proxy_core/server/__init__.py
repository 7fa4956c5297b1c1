"""Everything put together, and its life: the server, its socket, and how other processes learn of it."""
