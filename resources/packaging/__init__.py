"""How Understudy becomes an installer: see ``docs/decisions/020-package.md``."""
