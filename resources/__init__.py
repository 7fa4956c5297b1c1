"""Data that comes with Understudy, and what makes a checkout ready."""
