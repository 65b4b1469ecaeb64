"""The operator's telephone: the seat, offers, the talk and what is made of it."""
