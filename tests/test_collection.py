def test_every_test_file_is_collected(request, root):
    """pytest skips some folder names silently (build, dist); no test may vanish that way."""
    if request.config.args_source.name != "TESTPATHS" or request.config.option.markexpr:
        return  # a part of the tests was asked for
    collected = {item.path for item in request.session.items}
    assert set((root / "tests").rglob("test_*.py")) <= collected
