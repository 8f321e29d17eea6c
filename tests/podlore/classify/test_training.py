import csv
from collections import Counter
from pathlib import Path

import pytest

from podlore.classify.evaluation.labelled import read_labelled
from podlore.classify.training import MOST_OF_A_TEMPLATE, Row, rows_of_generated, rows_of_labelled, train
from podlore.errors import BadInput
from podlore.events.generator import generate
from podlore.vocabulary import EventClass


def test_no_template_takes_more_than_its_share_of_the_rows() -> None:
    generated = list(generate(seed=5, n_incidents=60))
    rows = list(rows_of_generated(generated))
    templates = Counter(row.template for row in generated)
    assert len(rows) == sum(min(count, MOST_OF_A_TEMPLATE) for count in templates.values())


def test_a_class_without_rows_is_named(rows: list[Row]) -> None:
    with pytest.raises(BadInput, match="class Memory has 0 families of templates, 3 are needed"):
        train([row for row in rows if row.event_class is not EventClass.MEMORY])


def test_a_trained_classifier_is_better_on_held_out_families_than_guessing(rows: list[Row]) -> None:
    trained = train(rows)
    assert trained.facts["held_out_families"]["macro_f1"] > 0.4
    assert trained.classifier.temperature == pytest.approx(trained.facts["temperature"], abs=1e-4)


def test_only_rows_whose_licence_allows_it_are_trained_on_and_they_set_the_temperature(
    rows: list[Row], tmp_path: Path
) -> None:
    file = tmp_path / "labelled.csv"
    licences = ["Apache-2.0", "GPL-2.0-or-later", "Apache-2.0 / excerpt", ""]
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["message", "target_category", "licence"])
        for number, row in enumerate(rows[:: len(rows) // 240][:240]):
            writer.writerow([f"{row.text.partition(' | ')[2]} {number}", row.event_class, licences[number % 4]])
    real = list(rows_of_labelled(read_labelled(file)))
    assert len(real) == 60
    trained = train(rows[:1_500], real)
    assert trained.facts["real"]["rows"] == 60
    assert trained.facts["held_out_families"]["of"] == "real rows"
