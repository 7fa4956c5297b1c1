"""The two ends between which programs are measured: a provider that stamps what it says, and a client that reads it."""
