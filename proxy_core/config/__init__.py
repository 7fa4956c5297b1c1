"""What the user chose: settings, the environment, keys, and where our files live."""
