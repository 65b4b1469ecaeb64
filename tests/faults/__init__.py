"""What the product does when its processes are killed, frozen or erased under load."""
