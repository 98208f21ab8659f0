"""The sources of a device's samples, one module for each kind."""
