"""What people say to Greffier and what it does about it; the wiring of the processes; the command line."""
