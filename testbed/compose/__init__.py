"""Runs the testbed in containers: started with the compose command, watched and disturbed through the Docker API."""
