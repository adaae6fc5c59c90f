"""Doors of the accounting endpoints. One call each."""
