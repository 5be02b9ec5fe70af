"""Channels between workers: interpreters or threads of one process."""
