"""The service `DeviceApp`, by which programs in other languages submit samples through a Unix socket."""
