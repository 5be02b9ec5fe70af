"""Placeholder until the format is written."""
