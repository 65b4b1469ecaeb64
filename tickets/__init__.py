"""What may happen to a ticket: the only room that writes tickets."""
