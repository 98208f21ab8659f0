"""The sources of data: formats in which a user's own data are read, one module each."""
