"""Pages at the door of the staff console: second factor, passwords, invitations."""
