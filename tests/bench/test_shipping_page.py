"""The page on shipping says what was measured, and what is missed."""

from bench import results
from bench.contests import CALLERS
from bench.destinations import DESTINATIONS
from bench.shipping_page import CALLS, write_shipping
from bench.shipping_promises import shipping_promises


def test_every_caller_has_a_label_and_says_what_it_does():
    assert CALLS.keys() == CALLERS.keys()


def test_the_page_has_every_figure(shipped, tmp_path):
    del shipped.rounds["INSERT"], shipped.rounds["to http"]
    shipped.failures |= {"INSERT": "no server", "to http": "no library"}
    rows = shipping_promises(shipped, events_read=1000)
    about = results.conditions(results.LIBRARIES)
    write_shipping(shipped, rows, about, rounds=2, page=tmp_path / "page.md")
    text = (tmp_path / "page.md").read_text()
    for row in rows:
        assert f"| {row.what} | {row.target} | {row.measured} | {row.verdict} |" in text
    assert "| psycopg, `INSERT` | not measured |  | no server |" in text
    assert "| HTTP | not measured |  |  | no library |" in text
    assert all(f"- {about.label}: {about.choice}" in text for about in DESTINATIONS.values())
    assert '| `"disk"` | dead |' in text


def test_results_of_shipping_have_a_file_of_their_own(shipped, tmp_path):
    results.save(shipped, shipping_promises(shipped), results.conditions(), tmp_path, name="shipping")
    assert {path.name for path in tmp_path.iterdir()} == {"shipping.json", "shipping.raw.json"}
