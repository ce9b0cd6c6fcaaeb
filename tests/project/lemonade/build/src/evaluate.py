import json
import sys
from pathlib import Path

words = sys.argv[1:]
given = dict(zip(words[::2], words[1::2], strict=True))
Path(given["--report"], "metrics.json").write_text(json.dumps({"rows": 1.0}))
