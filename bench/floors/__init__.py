"""Baselines: programs that only forward, or only translate, bytes, for the least that a proxy costs."""
