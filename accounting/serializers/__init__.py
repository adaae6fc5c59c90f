"""Shapes of the accounting endpoints: what comes in, and what goes out."""
