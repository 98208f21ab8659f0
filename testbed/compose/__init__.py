"""The testbed in containers: started through the compose command, watched and broken through the Docker API."""
