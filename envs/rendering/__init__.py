"""The one software rasteriser and drawing on pictures."""
