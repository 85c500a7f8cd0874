"""The public names, and nothing else."""

import impasto

PUBLIC = {
    "Estimate", "Event", "Finished", "ImpastoError", "Job", "Losses", "Picture", "Preview", "Restart",
    "Result", "Settings", "Started", "Step", "StyleFile", "Stylizer", "execute", "measure_style",
    "read_style", "stylize",
}  # fmt: skip


def test_the_public_names_are_these_and_all_exist():
    assert set(impasto.__all__) == PUBLIC
    for name in PUBLIC:
        assert getattr(impasto, name).__doc__ or name == "Event"


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(impasto, "no_such_name")
