"""Where staff work: boards, the ticket page, the intake form."""
