"""Who answers the phone: calls, queue, offers, seats. Knows no carrier."""
