"""The plot."""

from bench.plot import draw


def test_the_same_figures_give_the_same_plot(measured, tmp_path):
    for name in ("one.svg", "other.svg"):
        draw(measured, tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "other.svg").read_bytes()
