"""The process side of ./hotline: environment, embedded servers, processes. Standard library only."""
