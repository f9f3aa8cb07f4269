"""Furnished apartments from a seed: floor plan, doors, furniture, pictures, light, triangles."""
