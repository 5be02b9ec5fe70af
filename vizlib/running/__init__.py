"""Runs on the screen while they run: the live view, and the panel for experiments."""
