# Everything a newcomer needs: `make demo` and `make test` set up .venv by themselves.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check wheel bench clean

demo: .venv/ready
	$(BIN)/uio2 demo output_dir=runs/demo

test: .venv/compiled
	$(BIN)/python -m pytest -q

check: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

wheel: .venv/ready
	rm -rf build dist
	$(BIN)/python -m build --wheel --no-isolation

# Beside the released PyTorch port where UIO2_PORT names a checkout of it.
bench: .venv/compiled
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/model.py
	$(BIN)/python benchmarks/pointnav.py

# One environment, made once; the rasteriser is compiled and cached so that no demo waits for it.
.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -c constraints.txt "setuptools>=77" wheel
	$(BIN)/pip install -q -c constraints.txt "torch==2.13.0"
	$(BIN)/pip install -q -c constraints.txt --no-build-isolation -e ".[dev]"
	$(BIN)/python -c "from uio2_agent.envs.tabletop.renderer import Renderer; Renderer().render(())"
	touch $@

# What PointNav and AudioGoal compile, so that neither a test nor a timing waits for it: one minute.
WALK := uio2_agent.envs:uio2/AudioGoal-v0
.venv/compiled: .venv/ready
	$(BIN)/python -c "import gymnasium as gym; env = gym.make('$(WALK)', size=16, oracle=True, \
	render_mode='rgb_array'); env.reset(seed=0); env.render(); env.close()"
	touch $@

clean:
	rm -rf .venv build dist runs
