"""The demo city at play: invented citizens and departments, and a tour for who comes to look."""
