"""Writes the cases that the tests convert: source contract files, one for each row of the
table of what Pydantic writes, recorded from Pydantic itself.

Run from anywhere: python make_cases.py FOLDER
"""

import json
import pathlib
import sys

sys.dont_write_bytecode = True

import case_models  # noqa: E402, F401
import case_refused  # noqa: E402, F401
import case_values  # noqa: E402, F401
from recording import CASES  # noqa: E402

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for name, value in CASES.items():
    text = json.dumps(value, indent=1) + "\n"
    (folder / f"{name.replace(' ', '_')}.json").write_text(text)
