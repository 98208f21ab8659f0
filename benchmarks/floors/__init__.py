"""What no testbed on this machine can beat: bare echoes, one process, bare tensors, bare random numbers."""
