"""What a proxy costs at least: programs with nothing in them but the passing on, or the translating, of bytes."""
