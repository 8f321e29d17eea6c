import csv
from pathlib import Path

import pytest

from podlore.classify.evaluation.labelled import Labelled, read_labelled
from podlore.events.generator import generate


@pytest.fixture(scope="session")
def labelled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stand-in for a labelled set: other generated rows, from three made-up sources."""
    file = tmp_path_factory.mktemp("labelled") / "rows.csv"
    columns = ["message", "service", "facility", "severity", "target_category", "source", "licence", "confidence"]
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        for number, row in enumerate(list(generate(seed=77, n_incidents=60))[::3][:600]):
            writer.writerow(
                {
                    **{name: getattr(row.record, name) for name in columns[:5]},
                    "source": f"house/{'abc'[number % 3]}_2k E{number}",
                    "licence": "Apache-2.0" if number % 2 else "other",
                    "confidence": "borderline" if number % 10 == 0 else "clear",
                }
            )
    return file


@pytest.fixture(scope="session")
def data(labelled_file: Path) -> Labelled:
    return read_labelled(labelled_file)
