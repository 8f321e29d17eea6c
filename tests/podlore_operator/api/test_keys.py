from podlore.advice.veto import IGNORE
from podlore_operator.api import keys


def test_the_label_by_which_people_opt_out_is_the_one_that_the_advisor_heeds():
    assert keys.IGNORE == IGNORE


def test_every_key_is_listed_once():
    names = [key.name for key in keys.KEYS]
    assert sorted(names) == sorted({keys.MANAGED_BY, keys.PATTERN, keys.POD_ADVICE, keys.IGNORE})
