from facestats.training.headings import beginning, ending


def test_a_card_has_its_parts_in_one_order_and_blank_lines_between():
    text = "\n".join(
        [
            *beginning("mine", "It guesses.", "Ten photos.", "MIT", more=["Two were lost.", ""]),
            *ending("None known.", ["facestats train mine.toml"], "steps = 3\n", note="It went on."),
        ]
    )
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == ["# mine", "## Data", "## Terms", "## Limits", "## Made with"]
    assert "Ten photos.\n\nTwo were lost.\n\n## Terms" in text
    assert "```\n\nIt went on.\n\nwith the recipe\n\n```toml\nsteps = 3\n```\n" in text
    assert "\n\n\n" not in text
