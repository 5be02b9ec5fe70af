"""The host: the child process that runs one program once."""
