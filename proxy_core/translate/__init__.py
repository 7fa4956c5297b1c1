"""Anthropic's language to chat completions and back: pure, without I/O, clock or chance."""
