"""What differs between desktops: autostart, single instance, notifications, signals, crash reports."""
