from collections import Counter

import pytest

from podlore.classify.training import MOST_OF_A_TEMPLATE, Row, rows_of_generated, train
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
