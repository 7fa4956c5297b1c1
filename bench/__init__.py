"""Measurement of Understudy beside baselines and peers, in one run: ``python -m bench``."""
