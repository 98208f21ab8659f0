"""The receivers of a device's answers, one module for each kind."""
