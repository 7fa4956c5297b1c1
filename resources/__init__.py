"""Data that ships with Understudy, and the tools that prepare, draw, translate and package it."""
