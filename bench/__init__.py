"""How much Understudy costs, beside floors and peers, measured in one run: ``python -m bench``."""
