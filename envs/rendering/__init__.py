"""Software rendering: labelled views of posed meshes, RGB-D of scenes, drawing on pictures."""
