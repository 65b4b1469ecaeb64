"""The administrator's pages: staff and roles."""
