"""Some rows with what was answered: as the cells of the user's own table, or as a gallery of pictures."""

from collections.abc import Iterable, Mapping, Sequence

from deepstep.report.html import Content, Html, join, table, tag
from deepstep.report.rows import Rows


def listed(
    rows: Rows,
    shown: Iterable[int],
    facts: Sequence[str],
    say: Mapping[int, Sequence[Content]],
    *,
    caption: str,
    left: int = 0,
) -> Html:
    """The rows at these positions, each with facts about it.

    ``facts`` names what ``say`` tells of the row at each position; ``left`` of them are texts, the others
    numbers.

    >>> import numpy as np
    >>> rows = Rows("", None, np.ones((1, 1)), np.ones(1), ("size",), lambda row: ["7.50"], np.array([3]))
    >>> page = listed(rows, [0], ["loss"], {0: ["0.7"]}, caption="One row")
    >>> page.index("row 3") < page.index("0.7") < page.index("7.50")
    True
    """
    if rows.pictures:
        return _gallery(rows, shown, facts, say, caption)
    header = ["row", *facts, *rows.columns]
    body = [[f"row {rows.numbers[at]}", *say[at], *rows.show(at)] for at in shown]
    return table(header, body, caption=caption, left=1 + left, texts_last=len(rows.columns))


def _gallery(
    rows: Rows, shown: Iterable[int], facts: Sequence[str], say: Mapping[int, Sequence[Content]], caption: str
) -> Html:
    items = []
    for at in shown:
        lines = [f"picture {rows.numbers[at]}"]
        lines += [f"{name}: {fact}" for name, fact in zip(facts, say[at], strict=True)]
        items.append(tag("li", *rows.show(at), *(tag("span", line, class_="line") for line in lines)))
    return join([tag("p", caption), tag("ul", *items, class_="gallery")])
