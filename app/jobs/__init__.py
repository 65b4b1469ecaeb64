"""What RQ workers run: look at row N and do what it owes."""
