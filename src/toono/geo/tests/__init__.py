from pathlib import Path

FILES = Path(__file__).resolve().parents[1] / "data"
