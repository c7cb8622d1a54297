"""Who may do what: accounts, passwords, roles by area, and sessions."""
