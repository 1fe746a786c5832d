"""Shared nouns: levels, geometry in patient RAS mm, volumes and label maps, evidence, errors."""
