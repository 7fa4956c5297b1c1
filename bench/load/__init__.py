"""The two ends of a measurement: a provider that stamps its chunks, and a client that reads them."""
