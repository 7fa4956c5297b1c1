"""Packaging Understudy as an installer: see ``docs/decisions/020-package.md``."""
