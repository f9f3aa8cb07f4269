"""What the model can be asked, one function a task: prompt in, typed answer out (spec m)."""
