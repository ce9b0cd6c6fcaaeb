from pathlib import Path


def test_the_recipe_publishes():
    assert "publish" in (Path(__file__).parents[1] / "pipeline.py").read_text()
