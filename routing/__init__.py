"""Which department? The city's directory and the way through it."""
