"""What everything costs, beside every peer, in one run: `python -m runtime bench`."""
