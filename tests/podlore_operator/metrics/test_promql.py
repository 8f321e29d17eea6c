import pytest

from podlore.errors import BadInput
from podlore_operator.metrics.promql import selector


@pytest.mark.parametrize("matchers", ["", 'cluster="a"', 'cluster="a", region!~"b|c",', r'cluster="a\"b"', ' a=~".+" '])
def test_matchers_restrict_a_selector(matchers):
    assert selector("up", matchers) == f"up{{{matchers.strip()}}}"


@pytest.mark.parametrize(
    "matchers", ['cluster="a"} or up{x="b', "cluster=a", 'cluster="a', 'cluster="a" b="c"', '"a"="b"', 'a="b\n"', "a"]
)
def test_what_would_break_out_of_the_braces_is_refused(matchers):
    with pytest.raises(BadInput, match="no list of label matchers"):
        selector("up", matchers)


@pytest.mark.parametrize("name", ["", "up{}", "1up", "up or vector(1)", "über"])
def test_what_is_no_metrics_name_is_refused(name):
    with pytest.raises(BadInput, match="no name of a metric"):
        selector(name)
