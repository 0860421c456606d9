"""What a test needs that is not on every machine."""

from __future__ import annotations

import importlib.util

import pytest

MODELS = ("torch", "transformers", "diffusers", "accelerate")

needs_models = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in MODELS),
    reason="the extra 'models' is not installed (torch, transformers, diffusers, accelerate)",
)
