"""Shipped agents, one folder each."""
