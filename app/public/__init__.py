"""What citizens see: complaint form, receipt, status, rating."""
