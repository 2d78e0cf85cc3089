"""Child process: read Graphviz graphs (a JSON list) from stdin, write their layouts (a JSON list) to stdout.

Graphviz cannot be interrupted from within; a process can. No label of the log enters it: names are numbers and sizes.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def lay_out(source: str) -> dict[str, Any]:
    """Return Graphviz's own layout of a graph as plain data."""
    import pygraphviz

    graph = pygraphviz.AGraph(string=source)
    data = graph.draw(prog="dot", format="json0")
    found: dict[str, Any] = json.loads(data)
    return found


def main() -> None:
    sources = json.loads(sys.stdin.buffer.read())
    sys.stdout.buffer.write(json.dumps([lay_out(s) for s in sources]).encode())


if __name__ == "__main__":
    main()
