"""Pieces of furniture: one file per kind of room, `piece` for what they are all made of."""
