"""Pages in a real browser, on the product as it runs."""
