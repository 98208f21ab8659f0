"""The interface of a live device to applications: Python, a command, and a local socket."""
