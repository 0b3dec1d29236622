"""Model cards, the registry, the runtime, downloads."""
