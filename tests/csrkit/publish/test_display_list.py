from csrkit.publish.fragments import Display
from csrkit.publish.lists import DISPLAYS_PATH, write_display_list


def test_displays_are_listed_in_the_order_of_the_pages_and_only_where_a_page_shows_them(tmp_path):
    captions = {"tbl-b": "B | first", "tbl-a": "A", "tbl-unused": "Unused", "txt-c": ""}
    displays = [Display("30-x", label, caption, "", None, None) for label, caption in captions.items()]
    pages = {"index.qmd": "# None\n", "one.qmd": "a", "two.qmd": "b"}
    pages["one.qmd"] = "{{< include /results/30-x/tbl-b.qmd >}}\n\n{{< include /results/30-x/txt-c.qmd >}}\n"
    pages["two.qmd"] = "{{<include /results/30-x/tbl-a.qmd>}}\n"
    for name, text in pages.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    write_display_list(tmp_path, list(pages), displays)
    lines = (tmp_path / DISPLAYS_PATH).read_text(encoding="utf-8").splitlines()
    assert lines[2:] == ["| @tbl-b | B \\| first |", "| @tbl-a | A |"]
