"""What every package may use: files, locations, threads."""
