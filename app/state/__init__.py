"""The app's state as frozen values: what it is, the events that change it, the commands that windows emit."""
