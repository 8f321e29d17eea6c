"""A CSV file that says where hosts stand: one row a host, one column a level, such as ``ip,DSW,PSW,ASW``.

The host's column is named host, hostname, ip, name or node; the others are levels, ordered by how many domains they
have, the widest first. A host with a blank hangs under the last level that is known.
"""

import csv
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from podlore.errors import BadInput
from podlore.vocabulary import Node, Resources

HOST_COLUMNS = ("hostname", "host", "node", "name", "ip")
ROWS_MAX = 1_000_000
LEVELS_MAX = 16


@dataclass(frozen=True, slots=True)
class Fabric:
    """Hosts as nodes without room, whose labels are the file's columns; remarks say what is odd about the file."""

    levels: tuple[str, ...]
    nodes: tuple[Node, ...]
    remarks: tuple[str, ...]


def read_fabric(path: Path, gpus_per_host: int = 8) -> Fabric:
    """Return a file's hosts and levels.

    Raises
    ------
    BadInput
        Where there is no such file, no column of hosts or of levels, or a host that stands in two places.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restkey="(beyond)")
            columns = [column for column in reader.fieldnames or () if column]
            host_column = next((name for name in HOST_COLUMNS for column in columns if column.lower() == name), None)
            host = next((column for column in columns if column.lower() == host_column), "")
            levels = [column for column in columns if column != host]
            if not host or not 0 < len(levels) <= LEVELS_MAX or len(set(columns)) < len(columns):
                raise BadInput(
                    f"{path}: row 1: needs one column of hosts ({', '.join(HOST_COLUMNS)}) and 1 to {LEVELS_MAX} "
                    "different columns of levels"
                )
            rows = list(islice(reader, ROWS_MAX))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path}: {error}") from error
    return _fabric(path, host, levels, rows, gpus_per_host)


def _fabric(path: Path, host: str, levels: list[str], rows: list[dict[str, str]], gpus_per_host: int) -> Fabric:
    places: dict[str, tuple[int, dict[str, str]]] = {}
    remarks = []
    for number, row in enumerate(rows, start=2):
        name = (row.get(host) or "").strip()
        labels = {level: value for level in levels if (value := (row.get(level) or "").strip())}
        if not name or not name.isprintable():
            remarks.append(f"row {number}, column {host}: no name; the row is left out")
            continue
        if name in places and places[name][1] != labels:
            raise BadInput(
                f"{path}: row {number}, column {host}: {name} stands elsewhere in row {places[name][0]}; "
                "a host has one place"
            )
        places.setdefault(name, (number, labels))
    names = {level: {labels[level] for _, labels in places.values() if level in labels} for level in levels}
    ordered = tuple(sorted(levels, key=lambda level: (len(names[level]), levels.index(level))))
    remarks += [_blanks(level, places) for level in ordered if any(level not in there for _, there in places.values())]
    room = Resources(gpu_milli=1000 * gpus_per_host)
    nodes = tuple(Node(name, name, 0.0, labels=labels, allocatable=room) for name, (_, labels) in places.items())
    return Fabric(ordered, nodes, tuple(remarks + _shared_names(ordered, nodes)))


def _blanks(level: str, places: dict[str, tuple[int, dict[str, str]]]) -> str:
    blank = [number for number, labels in places.values() if level not in labels]
    return f"column {level}: blank for {len(blank)} hosts, first in row {blank[0]}"


def _shared_names(levels: tuple[str, ...], nodes: tuple[Node, ...]) -> list[str]:
    """Say which levels use a name again under another parent: those are different domains."""
    found = []
    for depth in range(1, len(levels)):
        above: dict[str, set[tuple[str, ...]]] = {}
        for node in nodes:
            if levels[depth] in node.labels:
                path = tuple(node.labels.get(level, "") for level in levels[:depth])
                above.setdefault(node.labels[levels[depth]], set()).add(path)
        repeated = sum(len(paths) > 1 for paths in above.values())
        if repeated:
            total = sum(len(paths) for paths in above.values())
            found.append(
                f"{levels[depth]}: {repeated} of {len(above)} names stand under several parents; told by their whole "
                f"path they are {total} domains"
            )
    return found
