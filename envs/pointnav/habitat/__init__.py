"""The real habitat-sim behind the door of the embedded PointNav; imported where it is used."""
