"""Everything of Understudy that needs no screen: the proxy, complete in itself."""
