"""Real servers on this machine's loopback, of packages that bring their own programs."""
