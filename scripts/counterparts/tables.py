"""Partition tables: gen_esp32part's own code against the stand-in.

gen_esp32part itself is not on PyPI. esp-idf-defs is: its module partitions is an extract of gen_esp32part (PartitionTable and
PartitionDefinition with their readers, writers and checks), by another author, without the command line. So what main() does
around them is done here, as ESP-IDF documents it: read, verify, compare with the flash size, write the other form.
"""

import codecs
import contextlib
import io
import random

import compare
from runs import Outcome

APP = ('factory', 'test', *(f'ota_{n}' for n in range(16)), 'tee_0', 'tee_1', '0x00', '16')
DATA = (
    'ota',
    'phy',
    'nvs',
    'coredump',
    'nvs_keys',
    'efuse',
    'undefined',
    'esphttpd',
    'fat',
    'spiffs',
    'littlefs',
    'tee_ota',
    '',
    '0x02',
    '129',
    '0xfe',
)
# Byte order marks; for UTF-32 in little endian see exclusions.py.
MARKED = [
    (codecs.BOM_UTF8, 'utf-8'),
    (codecs.BOM_UTF16_LE, 'utf-16-le'),
    (codecs.BOM_UTF16_BE, 'utf-16-be'),
    (codecs.BOM_UTF32_BE, 'utf-32-be'),
]
INPUT, OUTPUT = 'table.csv', 'table.bin'


class Table:
    """One run: an input and the options that main() would parse."""

    def __init__(self, name, data, output):
        self.name, self.data, self.output = name, data, output
        self.offset, self.primary, self.recovery = 0x8000, None, None
        self.md5, self.verify, self.secure, self.flash_mb = True, True, None, None

    def arguments(self, rng):
        options = []
        if self.offset != 0x8000 or rng.random() < 0.1:
            options += [rng.choice(['--offset', '-o']), rng.choice([hex(self.offset), str(self.offset)])]
        options += ['--primary-bootloader-offset', hex(self.primary)] if self.primary is not None else []
        options += ['--recovery-bootloader-offset', hex(self.recovery)] if self.recovery is not None else []
        options += ['--disable-md5sum'] * (not self.md5) + ['--no-verify'] * (not self.verify)
        options += ['--flash-size', f'{self.flash_mb}MB'] if self.flash_mb else []
        options += ['--secure', self.secure] if self.secure else []
        options += rng.choice([[], [], ['-q'], ['--quiet'], ['--verify']])
        return [*options, INPUT, *([self.output] if self.output else [])]


class Extract:
    """The original's side."""

    def __init__(self):
        from esp_idf_defs import partitions

        self.module = partitions

    def run(self, table):
        """The outcome that gen_esp32part would have: InputError is exit status 2, anything else that is raised 1."""
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                data = self.convert(table)
        except self.module.InputError as error:
            return Outcome(2, said=str(error))
        except Exception as error:
            return Outcome(1, said=f'{type(error).__name__}: {error}')
        return Outcome(0, {table.output: data} if table.output else {}, stdout=b'' if table.output else data)

    def convert(self, table):
        tables = self.module.PartitionTable
        is_binary = table.data[:2] == self.module.PartitionDefinition.MAGIC_BYTES
        if is_binary:
            parsed = tables.from_binary(table.data, table.md5)
        else:
            text = table.data.decode(self.module.get_encoding(table.data))
            parsed = tables.from_csv(text, table.offset, table.primary, table.recovery)
        if table.verify:
            parsed.verify(table.offset, table.secure)
        if table.flash_mb:
            parsed.verify_size_fits(table.flash_mb << 20)
        return parsed.to_csv().encode() if is_binary else parsed.to_binary(table.md5)


def random_name(rng, taken):
    """At most 16 bytes; gen_esp32part cuts longer ones, which is one of the mistakes below."""
    while True:
        name = ''.join(
            rng.choices('abcdefghijklmnopqrstuvwxyz0123456789_- ', k=rng.choice([1, 3, 6, 10, 15, 16]))
        ).strip()
        name = 'größe' if rng.random() < 0.03 else name
        if name and name not in taken:
            taken.add(name)
            return name


def random_amount(rng, number):
    """The number as one of the forms of a table."""
    forms = [hex(number), str(number), f'0X{number:x}']
    if number % 1024 == 0:
        forms += [f'{number >> 10}K', f'{number >> 10}k']
    if number % 0x100000 == 0:
        forms += [f'{number >> 20}M', f'{number >> 20}m']
    return rng.choice(forms)


def random_fields(rng, table, number, taken):
    """A good row. Partition NUMBER lies where no other does."""
    kinds = (
        ['app', 'data', 'data', 'data'] * 5
        + ['0x40', '65', 'APP', 'Data', '0xfe']
        + ['partition_table'] * (number == 0)
    )
    kind = rng.choice(kinds + ['bootloader'] * (number == 0 and table.primary is not None))
    low = kind.lower()
    subtype = rng.choice(
        {
            'app': APP,
            'data': [name for name in DATA if name not in ('ota', 'tee_ota') or name not in taken],
            'bootloader': ['primary'],
            'partition_table': ['primary'],
        }.get(low, ('0', '7', '', '0xff'))
    )
    taken.update(['ota', 'tee_ota'] if subtype in ('ota', 'tee_ota') else [])
    size = (
        0x2000
        if subtype in ('ota', 'tee_ota')
        else 0x10000 * rng.choice([1, 1, 2]) if low == 'app' else 0x1000 * rng.choice([3, 4, 6, 16])
    )
    position = table.offset + 0x18000 + 0x20000 * number & ~0xFFFF
    offset = random_amount(rng, position) if rng.random() < 0.2 else ''
    writable = subtype in ('ota', 'coredump', '0', '3')
    flags = rng.choice(
        ['', '', '', '', 'encrypted'] + ([] if writable else ['readonly', 'encrypted:readonly', 'readonly:encrypted'])
    )
    if subtype in ('0x02', 'nvs') and rng.random() < 0.1:
        size, flags = 0x1000, 'readonly'
    return [random_name(rng, taken), kind, subtype, offset, random_amount(rng, size), flags]


def spoil(rng, fields):
    """One mistake, or what looks like one."""
    column, texts = rng.choice(
        [
            (0, ('a name of more than sixteen bytes', '', 'twice', 'über-mäßig-läng', '$UNKNOWN')),
            (1, ('', 'none', '256', '-1', 'primary', 'app ')),
            (2, ('none', '256', '-1', 'NVS', 'ota_16', '0x', 'coredump')),
            (3, ('here', '0x9001', '0x4000', '0', '0xffffffff', '-1', '1.5', '0x100000000')),
            (4, ('', 'big', '0', '0x1234', '-0x400000', '0x200000000', '1G', '1 M', '0x1000')),
            (5, ('hidden', 'readonly', 'ReadOnly', 'encrypted;readonly', ':', 'encrypted::')),
        ]
    )
    fields[column] = rng.choice(texts)


def random_csv(rng, table, wrong):
    taken = set()
    rows = [
        random_fields(rng, table, number, taken) or taken
        for number in range(rng.choice([0, 1, 3, 5, 5, 8, 12, 30] + [93, 94, 95, 96] * (not wrong)))
    ]
    for _ in range(wrong):
        spoil(rng, rng.choice(rows or [[''] * 6]))
    text = ['# Name, Type, SubType, Offset, Size, Flags'] * (rng.random() < 0.7) + [
        write_line(rng, row) for row in rows
    ]
    for _ in range(rng.choice([0, 0, 1, 3])):
        text.insert(rng.randrange(len(text) + 1), rng.choice(['', '   ', '# comment', '  # comment']))
    mark, encoding = rng.choice([(b'', 'utf-8')] * 20 + MARKED)
    return mark + rng.choice(['\n', '\r\n']).join([*text, '']).encode(encoding)


def write_line(rng, fields):
    fields = fields if fields[5] or rng.random() < 0.5 else fields[:5]
    return f',{rng.choice(["", " ", "  "])}'.join(fields) + rng.choice(['', '', ',', ' '])


def random_options(rng, table):
    table.offset = rng.choice([0x8000] * 6 + [0x9000, 0x10000, 0xC000])
    if rng.random() < 0.5:
        table.primary = rng.choice([0, 0x1000, 0x2000])
        table.recovery = rng.choice([None, 0x3F0000])
    table.md5, table.verify = rng.random() < 0.9, rng.random() < 0.9
    table.flash_mb = rng.choice([None, None, None, 2, 4, 16])
    table.secure = rng.choice([None] * 8 + ['v1', 'v2'])


def damaged(rng, data):
    """A binary table with something wrong in it, or with nothing wrong."""
    data = bytearray(data)
    pick = rng.random()
    if pick < 0.5:
        return bytes(data)
    if pick < 0.7:
        data[rng.randrange(min(len(data), 0x200))] ^= 1 << rng.randrange(8)
    elif pick < 0.8:
        data = data[: rng.choice([32, 64, 40, 0x200, 0xBFF])]
    elif pick < 0.9:
        data += b'\xff' * rng.choice([32, 0x400, 7])
    else:
        data[min(32 * rng.randrange(3) + rng.randrange(32), len(data) - 1)] = rng.randrange(256)
    return bytes(data)


def random_table(seed, index, extract):
    """Two of three are CSVs, the third is the binary of one, often damaged."""
    rng = random.Random(f'table {seed} {index}')
    table = Table(f'table/{index}', b'', rng.choice([OUTPUT, OUTPUT, OUTPUT, 'out.csv', '']))
    random_options(rng, table)
    if index % 3 < 2:
        wrong = rng.choice([0, 0, 1])
        table.data = random_csv(rng, table, wrong)
        table.flash_mb = None if wrong else table.flash_mb
        return table, table.arguments(rng)
    made = None
    while not made:
        table.data = random_csv(rng, table, 0)
        plain = Table('', table.data, OUTPUT)
        plain.offset, plain.primary = table.offset, table.primary
        made = extract.run(plain).made.get(OUTPUT)
    table.data = damaged(rng, made)
    return table, table.arguments(rng)


def compare_tables(seed, numbers, extract, ours, tally, work, repeat):
    """Returns how many were accepted and refused by the original."""
    seen = {'tables': 0, 'refused': 0}
    for number in numbers:
        table, arguments = random_table(seed, number, extract)
        wanted = extract.run(table)
        got = ours.run(work / f'table-{number}', {INPUT: table.data}, arguments)
        found = compare.differences(wanted, got)
        if wanted.status == 0 and not table.output and got.stdout != wanted.stdout:
            found.append('stdout differs')
        seen['refused' if wanted.status else 'tables'] += 1
        tally.count(
            table.name, found, repeat(table.name), arguments, {INPUT: table.data}, {'original': wanted, 'ours': got}
        )
    return seen


class ExtractAsOurs:
    """For the self-test: the extract in place of the stand-in. Knows the table of a run by the number in its folder's name."""

    def __init__(self, seed, extract):
        self.seed, self.extract = seed, extract

    def run(self, folder, _files, _arguments):
        return self.extract.run(random_table(self.seed, int(folder.name.removeprefix('table-')), self.extract)[0])
