"""Tables as the terminal shows them."""

from rich import box, table
from rich.text import Text

from components.tables import Table


def drawn(content: Table) -> table.Table:
    """The table with a frame; texts are taken literally."""
    result = table.Table(title=content.title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for column in content.columns:
        result.add_column(column, overflow="fold")
    for row in content.rows:
        result.add_row(*map(Text, row))
    return result
