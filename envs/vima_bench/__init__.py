"""The real VIMA-Bench, from a checkout of its public repository, behind the tabletop's spaces."""
