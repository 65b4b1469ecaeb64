"""Accounts of staff: sign in, sessions, enrolment."""
