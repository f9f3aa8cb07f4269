"""Embedded PointNav: scenes, pictures, navigation meshes, episodes; no GL, no download."""
