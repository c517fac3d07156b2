from csrkit.tables.table import UPRIGHT_CHARACTERS, Header, Row, Table, column_characters, is_wide_table


def table(cells, stub="Visit", label="Week 4"):
    headers = tuple(Header(f"H{number}", "3") for number in range(len(cells)))
    return Table(stub, headers, (Row("A section " * 20), Row(label, tuple(cells), 1)))


def test_a_column_is_as_wide_as_its_longest_cell_within_bounds():
    assert column_characters(table(["1", "12 (66.7)", "a sentence that is long and wraps"])) == [12, 5, 9, 22]


def test_a_word_is_never_cut():
    word = "hypergammaglobulinaemia-like"
    assert column_characters(table([word])) == [12, len(word)]
    assert column_characters(table(["1"], label="x" * 40))[0] == 40


def test_the_stub_gives_way_before_the_page_is_turned():
    rows = "Leading to interruption or withdrawal of treatment"
    fits = table(["1234 (66.7) [9]"] * 5, label=rows)
    tight = table(["1234 (66.7) [9]"] * 5 + ["123"], label=rows)
    assert column_characters(fits)[0] > column_characters(tight)[0] >= 24
    assert sum(width + 2 for width in column_characters(tight)) == UPRIGHT_CHARACTERS
    assert not is_wide_table(tight)


def test_many_or_long_columns_turn_the_page_and_no_data_do_not():
    assert is_wide_table(table(["12.3 (10.1, 15.2)"] * 7))
    assert not is_wide_table(table(["1"] * 7))
    assert not is_wide_table(Table("", absent="There are no data. " * 20))
    assert not is_wide_table(Table("Event"))
