"""The web server around the venues."""
