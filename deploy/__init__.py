"""What starts and stops a whole system on one machine. Knows nothing of Django."""
