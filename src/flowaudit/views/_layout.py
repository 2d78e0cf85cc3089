"""Child process: read a Graphviz graph from stdin, write its layout as JSON to stdout.

Graphviz cannot be interrupted from within; a process can. No label of the log enters it: names are numbers and sizes.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def lay_out(source: str) -> dict[str, Any]:
    """Return the layout of a graph whose nodes have their places: Graphviz leads the arrows around them."""
    import pygraphviz

    graph = pygraphviz.AGraph(string=source)
    data = graph.draw(prog="nop", format="json0")
    found: dict[str, Any] = json.loads(data)
    return found


def main() -> None:
    sys.stdout.buffer.write(json.dumps(lay_out(sys.stdin.buffer.read().decode())).encode())


if __name__ == "__main__":
    main()
