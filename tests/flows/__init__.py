"""Flows end to end: real processes, HTTP, sockets; the least role for each step, and others who try the same."""
