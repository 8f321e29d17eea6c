"""The classifier in use while its folder changes, with real models trained on a few rows."""

import shutil
from dataclasses import replace

import pytest

from podlore.classify import load
from podlore.classify.model_file import MANIFEST, MODEL, save
from podlore.errors import BadInput
from podlore.vocabulary import EventClass
from podlore_operator.serve.telemetry import Telemetry
from podlore_operator.watched_model import WatchedModel

DISK_FULL = "severity=error | write /data/checkpoint: no space left on device"


@pytest.fixture
def folder(tmp_path):
    save(replace(load(), version="first"), tmp_path / "model", {})
    return tmp_path / "model"


@pytest.fixture
def telemetry():
    return Telemetry()


def value(telemetry, name, **labels):
    return telemetry.registry.get_sample_value(name, labels)


async def test_another_model_comes_into_use_when_the_folder_changes(folder, telemetry):
    changes = []
    model = WatchedModel(folder, telemetry, lambda: changes.append(model.version))
    before = load()
    save(replace(before, version="second", intercept=before.intercept[::-1].copy()), folder, {})
    await model.look()
    await model.look()
    assert changes == ["second"]
    assert model.predict([DISK_FULL]) == load(folder).predict([DISK_FULL])


@pytest.mark.parametrize("damage", ["cut off", "gone", "no manifest"])
async def test_a_bad_model_leaves_the_good_one_in_use_and_is_counted(folder, telemetry, damage):
    model = WatchedModel(folder, telemetry)
    save(replace(load(), version="second"), folder, {})
    if damage == "cut off":
        (folder / MODEL).write_bytes((folder / MODEL).read_bytes()[:1000])
    elif damage == "gone":
        shutil.rmtree(folder)
    else:
        (folder / MANIFEST).write_text("[]")
    await model.look()
    assert model.version == "first"
    assert model.predict([DISK_FULL])[0].event_class is EventClass.STORAGE
    assert value(telemetry, "podlore_skipped_total", source="model") == 1


async def test_once_the_folder_is_whole_again_its_model_is_used(folder, telemetry):
    model = WatchedModel(folder, telemetry)
    save(replace(load(), version="second"), folder, {})
    whole = (folder / MODEL).read_bytes()
    (folder / MODEL).write_bytes(whole[:1000])
    await model.look()
    (folder / MODEL).write_bytes(whole)
    await model.look()
    assert model.version == "second"


def test_a_model_that_was_asked_for_must_be_there(tmp_path, telemetry):
    with pytest.raises(BadInput, match="podlore train"):
        WatchedModel(tmp_path / "nowhere", telemetry)


def test_drift_shows_in_the_share_of_unseen_texts_and_the_mean_confidence(folder, telemetry):
    model = WatchedModel(folder, telemetry)
    known = model.predict([DISK_FULL, DISK_FULL])
    assert value(telemetry, "podlore_model_unseen_share") == 0
    assert value(telemetry, "podlore_model_confidence_mean") == pytest.approx(known[0].probability)
    (strange,) = model.predict(["blorf quix zanthor mvrk"])
    assert value(telemetry, "podlore_model_unseen_share") == 0.5
    mean = (known[0].probability + strange.probability) / 2
    assert value(telemetry, "podlore_model_confidence_mean") == pytest.approx(mean)


def test_a_model_knows_its_events_until_most_of_them_are_strange_to_it(folder, telemetry):
    model = WatchedModel(folder, telemetry)
    model.predict([f"{DISK_FULL} {name}" for name in "abcdefghijklmnopqrstuvwxyz"])
    assert model.knows() is None
    model.predict([f"{DISK_FULL} again {name}" for name in "abcdefghijklmnopqrstuvwxyz"])
    assert model.knows() is True
    model.predict([f"vrmk{one} xolq{other} pluvi" for one in "abcdefgh" for other in "ijklmnop"])
    assert model.knows() is False
