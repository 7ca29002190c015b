"""``python -m centrirpc``: see :mod:`centrirpc.source.command`."""

import sys
from importlib.util import find_spec

if find_spec("pydantic") is None:
    print("python -m centrirpc needs Pydantic: pip install 'centrirpc[source]'", file=sys.stderr)
    sys.exit(2)

from .source.command import main

sys.exit(main())
