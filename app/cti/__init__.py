"""Call centres of the city's own at our door: what their platforms tell of calls."""
