"""Settings as rows, and the many ways to write the same rows as CSV."""

from dataclasses import dataclass

COLUMNS = ('key', 'type', 'encoding', 'value')
NUMBERS = {
    'u8': (0, 2**8 - 1),
    'i8': (-(2**7), 2**7 - 1),
    'u16': (0, 2**16 - 1),
    'i16': (-(2**15), 2**15 - 1),
    'u32': (0, 2**32 - 1),
    'i32': (-(2**31), 2**31 - 1),
    'u64': (0, 2**64 - 1),
    'i64': (-(2**63), 2**63 - 1),
}


@dataclass
class Row:
    """One row of a CSV. None: the column is missing at the end of the row. content: what a file row's file holds."""

    key: str
    type: str
    encoding: str | None
    value: str | None
    content: bytes | None = None

    def is_namespace(self):
        return self.type == 'namespace'


def namespace(name):
    return Row(name, 'namespace', '', '')


@dataclass
class Style:
    """How rows become text."""

    newline: str = '\n'
    order: tuple = COLUMNS
    extra: tuple = ()
    quote_share: float = 0.0
    comment_share: float = 0.0
    blank_share: float = 0.0
    final_newline: bool = True


def random_style(rng):
    order = list(COLUMNS)
    if rng.random() < 0.2:
        rng.shuffle(order)
    extra = tuple(
        rng.choice(['note', 'Key', 'comment', 'x y', 'größe']) + str(n) for n in range(rng.choice([0, 0, 0, 0, 1, 2]))
    )
    for name in extra:
        order.insert(rng.randrange(len(order) + 1), name)
    return Style(
        newline=rng.choice(['\n', '\n', '\n', '\r\n', '\r\n', '\r']),
        order=tuple(order),
        extra=extra,
        quote_share=rng.choice([0, 0, 0.1, 1]),
        comment_share=rng.choice([0, 0, 0.1, 0.3]),
        blank_share=rng.choice([0, 0, 0.1, 0.3]),
        final_newline=rng.random() < 0.85,
    )


def write_csv(rng, rows, style):
    lines = []
    if rng.random() < style.comment_share:
        lines.append('# made for a comparison, "with a quote')
    lines.append(','.join(style.order))
    for row in rows:
        if rng.random() < style.comment_share:
            lines.append(rng.choice(['#', '# a comment', '#key,data,u8,1', '#"never closed', '# ä, ü']))
        if rng.random() < style.blank_share:
            lines.append('')
        lines.append(write_row(rng, row, style))
    text = style.newline.join(lines)
    return (text + style.newline * style.final_newline).encode('utf-8')


def write_row(rng, row, style):
    fields = []
    for name in style.order:
        text = rng.choice(['', 'a note', '1,2']) if name in style.extra else getattr(row, name)
        if text is None:
            break
        fields.append(write_field(rng, text, style))
    # The last columns of a namespace row may be missing.
    if row.is_namespace() and style.order[:2] == COLUMNS[:2] and rng.random() < 0.2:
        return ','.join(fields[:2])
    if len(fields) == len(style.order) and rng.random() < 0.02:
        fields.append('more than the header says')
    return ','.join(fields)


def write_field(rng, text, style):
    must = any(c in text for c in ',\r\n') or text[:1] in ('"', '#')
    if not must and rng.random() >= style.quote_share:
        return text
    quoted = text.replace('"', '""').replace('\n', style.newline)
    return f'"{quoted}"'
