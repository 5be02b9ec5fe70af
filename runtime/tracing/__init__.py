"""What a trace is, how it is recorded, saved and put into words."""
