"""What the Makefile calls: setting up, building and checking the workspace."""
