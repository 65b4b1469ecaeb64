"""News for open screens: sockets and catch-up."""
