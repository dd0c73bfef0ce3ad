"""What the random CSVs leave out: situations where the original's output is broken and the stand-in refuses or corrects it.

Each is recorded with its verdict and proven elsewhere (docs/COMPATIBILITY.md); here they would only be known differences. Every
generated CSV is held against this table, so that a generator cannot wander into one unseen.
"""

import re
from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Exclusion:
    name: str
    reason: str
    applies: Callable  # (rows of all CSVs in order, format version) -> bool


def data_rows(rows):
    """Yields (namespace, row) of each row that is no namespace."""
    current = None
    for row in rows:
        if row.is_namespace():
            current = row.key
        else:
            yield current, row


def has_duplicate_key(rows, _version):
    seen = [(space, row.key) for space, row in data_rows(rows)]
    return len(seen) != len(set(seen))


def has_reopened_namespace(rows, _version):
    names = [row.key for row in rows if row.is_namespace()]
    return len(names) != len(set(names))


def text_size(row):
    """Bytes of a string with its NUL, as far as the row itself says it."""
    content = row.content if row.type == 'file' and row.content is not None else (row.value or '').encode('utf-8')
    return len(content) + 1


def ap_rows(rows):
    return [space for space, row in data_rows(rows) if row.key in ('ap.ssid', 'ap.passwd', 'ap.authmode')]


WIFI_EXTRAS = ('sta.apinfo', 'sta.pmk', 'sta.apsw', 'ap.pmk_info')

EXCLUSIONS = (
    Exclusion('duplicate key', 'the original writes both rows; the device reads only one', has_duplicate_key),
    Exclusion('reopened namespace', 'its rows land in the namespace that was made last', has_reopened_namespace),
    Exclusion(
        'row before any namespace',
        'rows become definitions of namespaces',
        lambda rows, _: any(space is None for space, _row in data_rows(rows)),
    ),
    Exclusion(
        'namespace 255',
        'index 255 is a wildcard on the device',
        lambda rows, _: sum(r.is_namespace() for r in rows) == 255,
    ),
    Exclusion(
        'key that is not ASCII', 'the key field is overrun', lambda rows, _: any(not row.key.isascii() for row in rows)
    ),
    Exclusion(
        'encoding in capitals',
        'STRING is written without NUL, HEX2BIN stores its text',
        lambda rows, _: any(
            row.encoding
            and row.encoding != row.encoding.lower()
            and row.encoding.lower()
            in ('string', 'binary', 'hex2bin', 'base64', *'u8 i8 u16 i16 u32 i32 u64 i64'.split())
            for row in rows
        ),
    ),
    Exclusion(
        'binary text that is not ASCII',
        'its length is counted in characters',
        lambda rows, _: any(
            row.encoding == 'binary' and row.type != 'file' and not (row.value or '').isascii() for row in rows
        ),
    ),
    Exclusion(
        '# at the start of a line inside quotes',
        'the original drops that line of the value',
        lambda rows, _: any(
            re.search(r'[\r\n]#', text or '') for row in rows for text in (row.key, row.encoding, row.value)
        ),
    ),
    Exclusion(
        'string of 3968 to 3999 bytes, version 2',
        'it fits an empty page exactly, and the original says that it does not',
        lambda rows, version: version == 2
        and any(r.encoding == 'string' and 3968 < text_size(r) <= 4000 for r in rows),
    ),
    Exclusion(
        'Wi-Fi extra given by hand',
        'sta.ssid, sta.pswd and ap.* add these keys themselves: they would be there twice',
        lambda rows, _: any(row.key in WIFI_EXTRAS for row in rows),
    ),
    Exclusion(
        'ap.* in two namespaces',
        'ap.pmk_info is added for each further row: it would be there twice',
        lambda rows, _: len(set(ap_rows(rows))) > 1,
    ),
)

# Not about rows, so not tested by a function: the generators do not make these.
NEVER_MADE = (
    ('byte order mark in front of a CSV', 'the original does not find its columns; the stand-in reads it'),
    ('size that is no number', 'the original ends with status 0 and writes nothing'),
    ('decrypting with a wrong key, or what is not encrypted', 'the original writes noise'),
    ('decrypting a page with an all-0xFF slot before written ones', 'the original counts the slots wrong'),
    ('decrypting what is no whole number of pages', 'the original writes a part, or noise'),
    ('empty key file', 'the original makes a new key by itself'),
    ('options between several input files', 'argparse refuses them, the stand-in does not'),
    (
        'table in UTF-32, little endian',
        'the original takes its mark for that of UTF-16 and finds no type; the stand-in reads it',
    ),
    (
        'table with two mistakes, such as a number out of range and too many rows',
        'the original packs numbers last, so its exit status can be ' 'that of the other mistake',
    ),
)


def excluded(rows, version):
    """The names of the exclusions that ROWS would be."""
    return [each.name for each in EXCLUSIONS if each.applies(rows, version)]
