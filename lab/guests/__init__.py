"""Virtual machines with real kernels: fetch one, keep it, boot it, run a command in it."""
