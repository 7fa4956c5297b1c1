"""The words of the Anthropic wire: requests, stream events, and the bytes they are made of."""
