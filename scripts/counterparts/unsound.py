"""Random input with one thing wrong. The original's exit status is the measure; ours leaves no file behind.

Where the original accepts what a mutation made, its image is the measure as for sound input. What it accepts although it is
broken is not made here: exclusions.py.
"""

import random

from rows import COLUMNS, Row, Style, namespace, write_csv
from sound import Case, key_page, name_files, random_row, unused

LONG_KEY = 'a-key-of-more-than-15'


def some_rows(rng, version):
    rows = [namespace('space')]
    for _ in range(rng.randrange(1, 8)):
        rows.append(random_row(rng, unused(rng, {row.key for row in rows}), version))
    return [row for row in rows if len(row.content or row.value or '') < 3000]


def random_case(seed, index):
    rng = random.Random(f'unsound {seed} {index}')
    mutation = MUTATIONS[index % len(MUTATIONS)]
    draft = Draft(rng)
    mutation(draft)
    case = draft.case(f'wrong/{index}')
    case.note = mutation.__name__
    return case


class Draft:
    """A sound case in parts, which a mutation changes before they are put together."""

    def __init__(self, rng):
        self.rng = rng
        self.version = rng.choice([1, 2])
        self.rows = some_rows(rng, self.version)
        self.style = Style(newline=rng.choice(['\n', '\r\n']), quote_share=rng.choice([0, 1]))
        self.files = {}
        self.inputs = ['in.csv']
        self.output = 'nvs.bin'
        self.size = '0x6000'
        self.command = rng.choice(['generate', 'encrypt'])
        self.key = key_page(rng)
        self.key_options = ['--inputkey', 'key.bin'] if rng.random() < 0.6 else ['--keygen', '--keyfile', 'keys.bin']
        self.options = ['--version', str(self.version)]
        self.arguments = None
        self.text = None

    def insert(self, *rows):
        at = self.rng.randrange(1, len(self.rows) + 1)
        self.rows[at:at] = rows

    def encrypt(self, *key_options):
        self.command = 'encrypt'
        self.key_options = list(key_options)

    def csv(self):
        self.files.update(name_files(self.rng, self.rows))
        return write_csv(self.rng, self.rows, self.style)

    def case(self, name):
        text = self.text if self.text is not None else self.csv()
        files = {'in.csv': text, 'key.bin': self.key, 'hmac.bin': b'\x11' * 32, **self.files}
        files = {name: data for name, data in files.items() if data is not REMOVED}
        keys = self.key_options if self.command == 'encrypt' else []
        arguments = self.arguments or [self.command, *self.inputs, self.output, self.size, *self.options, *keys]
        drawn = not self.arguments and '--keygen' in keys and '--key_protect_hmac' not in keys
        return Case(name, files, arguments, image=self.output, random_keys=drawn)


REMOVED = object()


def number_that_is_none(draft):
    value = draft.rng.choice(
        ['abc', '0x10', '1.5', '', ' ', '1 2', '1__0', '_1', '1_', '+-1', '--1', '1e3', '0b1', 'None', '١x', '½']
    )
    draft.insert(Row('bad', 'data', draft.rng.choice(['u8', 'i16', 'u32', 'i64']), value))


def number_out_of_range(draft):
    encoding, value = draft.rng.choice(
        [
            ('u8', 256),
            ('u8', -1),
            ('i8', 128),
            ('i8', -129),
            ('u16', 65536),
            ('i16', -32769),
            ('u32', 2**32),
            ('i32', 2**31),
            ('u64', 2**64),
            ('u64', -1),
            ('i64', 2**63),
            ('i64', -(2**63) - 1),
            ('u8', 10**40),
        ]
    )
    draft.insert(Row('bad', 'data', encoding, str(value)))


def odd_hex(draft):
    draft.insert(Row('bad', 'data', 'hex2bin', '0' * (2 * draft.rng.randrange(40) + 1)))


def hex_with_wrong_digits(draft):
    draft.insert(
        Row('bad', 'data', 'hex2bin', draft.rng.choice(['zz', '0x00', 'a b0', '00:11 ', 'ää', '12\n34\n', '１２']))
    )


def broken_base64(draft):
    draft.insert(
        Row(
            'bad',
            'data',
            'base64',
            draft.rng.choice(['abc', 'a', 'abcde', 'ab', 'ab=', 'QUJD=', 'QUJDR===', 'QUI=QUI', 'ä', '-_-_-']),
        )
    )


def unknown_encoding(draft):
    draft.insert(
        Row(
            'bad',
            'data',
            draft.rng.choice(['u128', 'float', 'double', 'str', '', 'int', 'blob', 'hex', ' u8', 'u8 ', 'text', 'b64']),
            '1',
        )
    )


def broken_fill(draft):
    draft.insert(
        Row(
            'bad',
            'data',
            draft.rng.choice(
                [
                    'blob_fill',
                    'blob_fill(10)',
                    'blob_fill(10;0xG0)',
                    'blob_fill(a;0x00)',
                    'blob_fill(3;0x0)',
                    'blob_sz_fill(2;00)',
                    'blob_sz_fill(;0x00)',
                    'blob_fill(-1;0x00)',
                    'blob_fill(4,0x00)',
                    ' blob_fill(4;0x00)',
                ]
            ),
            '',
        )
    )


def fill_shorter_than_text(draft):
    size = draft.rng.randrange(0, 40)
    draft.insert(
        Row('bad', 'data', f'{draft.rng.choice(["blob_fill", "blob_sz_fill"])}({size};0x00)', 'ä' * (size // 2 + 1))
    )


def header_without_column(draft):
    order = list(COLUMNS)
    order.remove(draft.rng.choice(COLUMNS))
    draft.style.order = tuple(order)
    draft.insert(Row('a', 'data', 'u8', '1'))


def header_of_another_spelling(draft):
    text = draft.csv()
    header, _, rest = text.partition(draft.style.newline.encode())
    wrong = draft.rng.choice(
        [
            b'Key,type,encoding,value',
            b'key, type, encoding, value',
            b'key;type;encoding;value',
            b'',
            b'   ',
            b' key,type,encoding,value',
        ]
    )
    draft.text = wrong + draft.style.newline.encode() + rest


def long_key(draft):
    draft.insert(Row(LONG_KEY[: draft.rng.randrange(16, 22)], 'data', 'u8', '1'))


def long_namespace(draft):
    draft.rows.append(namespace(LONG_KEY[: draft.rng.randrange(16, 22)]))


def string_too_long(draft):
    draft.insert(
        Row(
            'bad',
            'data',
            'string',
            'x'
            * (draft.rng.choice([4000, 4001, 5000]) if draft.version == 2 else draft.rng.choice([1984, 2000, 5000])),
        )
    )


def blob_too_long_for_version_1(draft):
    draft.version = 1
    draft.options = ['--version', '1']
    draft.rows = [namespace('space'), Row('bad', 'data', 'hex2bin', '00' * draft.rng.choice([1985, 2000, 4000]))]


def data_row_without_value(draft):
    draft.style = Style()
    draft.insert(Row('bad', 'data', draft.rng.choice(['u8', 'string', 'hex2bin', 'base64', 'binary']), None))


def line_of_blanks(draft):
    lines = draft.csv().split(b'\n')
    lines.insert(draft.rng.randrange(1, len(lines)), draft.rng.choice([b' ', b'\t', b'x', b',,,']))
    draft.text = b'\n'.join(lines)


def blank_line_before_header(draft):
    draft.text = draft.style.newline.encode() + draft.csv()


def not_utf8(draft):
    draft.insert(Row('bad', 'data', 'string', 'MARK'))
    draft.text = draft.csv().replace(
        b'MARK', draft.rng.choice([b'\xff', b'\xe4', b'\xc3(', b'\xed\xa0\x80', b'\xf0\x9f\x98'])
    )


def missing_input(draft):
    draft.inputs = draft.rng.choice([['other.csv'], ['in.csv', 'other.csv'], ['other.csv', 'in.csv'], ['.']])


def missing_value_file(draft):
    draft.insert(
        Row(
            'bad',
            'file',
            draft.rng.choice(['string', 'binary', 'hex2bin', 'u8']),
            draft.rng.choice(['none.txt', '', '.', 'none/x']),
        )
    )


def value_file_with_wrong_text(draft):
    encoding, content = draft.rng.choice(
        [
            ('string', b'\xff\xfe'),
            ('hex2bin', b'abc'),
            ('hex2bin', b'zz'),
            ('base64', b'abc'),
            ('u8', b'256'),
            ('u8', b'x'),
            ('u8', b''),
            ('blob_fill(20;0x00)', b'text'),
        ]
    )
    draft.insert(Row('bad', 'file', encoding, None, content))


def wrong_size(draft):
    draft.size = draft.rng.choice(['0', '-4096', '100', '4095', '4097', '0x3001', '0x6100', '0x800', '-0x3000'])


def partition_too_small(draft):
    draft.rows += [Row(f'blob{n}', 'data', 'hex2bin', '5a' * 1900) for n in range(20)]
    draft.size = draft.rng.choice(['0x1000', '0x2000', '0x3000', '0x6000'])


def wrong_key_length(draft):
    draft.encrypt('--inputkey', 'key.bin')
    draft.key = draft.rng.randbytes(draft.rng.choice([1, 16, 24, 31, 32, 33, 48, 63]))


def equal_key_halves(draft):
    draft.encrypt('--inputkey', 'key.bin')
    draft.key = b'\x22' * 64


def missing_key(draft):
    draft.encrypt('--inputkey', draft.rng.choice(['none.bin', 'key.txt', 'key', '.bin']))
    draft.files['key.txt'] = draft.files['key'] = draft.key


def wrong_key_options(draft):
    draft.encrypt(
        *draft.rng.choice(
            [
                [],
                ['--keygen', '--inputkey', 'key.bin'],
                ['--keyfile', 'keys.bin'],
                ['--key_protect_hmac'],
                ['--keygen', '--key_protect_hmac'],
                ['--keygen', '--key_protect_hmac', '--kp_hmac_inputkey', 'none.bin'],
                ['--keygen', '--keyfile', 'keys.txt'],
                ['--keygen', '--key', 'keys.bin'],
                ['--inputkey'],
            ]
        )
    )


def wrong_usage(draft):
    draft.arguments = draft.rng.choice(
        [
            [],
            ['generate'],
            ['generate', 'in.csv'],
            ['generate', 'in.csv', 'nvs.bin'],
            ['encrypt', 'in.csv', 'nvs.bin', '0x3000'],
            ['generat', 'in.csv', 'nvs.bin', '0x3000'],
            ['generate', 'in.csv', 'nvs.bin', '0x3000', '--version', '3'],
            ['generate', 'in.csv', 'nvs.bin', '0x3000', '--version', 'x'],
            ['generate', 'in.csv', 'nvs.bin', '0x3000', '--inputkey', 'key.bin'],
            ['generate', 'in.csv', 'nvs.bin', '0x3000', '--verbose'],
            ['generate', 'in.csv', '--version', '2', 'nvs.bin', '0x3000'],
            ['--version', '2', 'generate', 'in.csv', 'nvs.bin', '0x3000'],
            ['decrypt', 'in.csv'],
            ['decrypt', 'in.bin', 'key.bin', 'out.bin', 'more'],
            ['generate', '--', 'in.csv', 'nvs.bin', '0x3000'],
            ['generate-key', 'more'],
            ['generate-key', '--keyfile', 'keys.txt'],
            ['generate-key', '--key_protect_hmac'],
            ['generate-key', '--key_protect_hmac', '--kp_hmac_inputkey', 'none.bin', '--keyfile', 'keys.bin'],
        ]
    )
    draft.text = b'key,type,encoding,value\nspace,namespace,,\na,data,u8,1\n'


def wrong_output(draft):
    draft.output = draft.rng.choice(['nvs.img', 'nvs', 'nvs.bi', 'in.csv', 'folder.bin', 'file/nvs.bin', '.bin'])
    draft.files.update({'folder.bin': None, 'file': b'a file'})
    draft.options += draft.rng.choice([[], ['--outdir', 'made']])


def outdir_is_a_file(draft):
    draft.options += ['--outdir', draft.rng.choice(['in.csv', 'in.csv/deep'])]


def too_many_namespaces(draft):
    draft.rows = [namespace(f'space{n}') for n in range(draft.rng.choice([256, 300]))]


def wrong_decrypt(draft):
    draft.files.update({'image.bin': draft.rng.randbytes(4096), 'short.bin': b'\x33' * 32, 'key.txt': draft.key})
    draft.arguments = draft.rng.choice(
        [
            ['decrypt', 'none.bin', 'key.bin', 'out.bin'],
            ['decrypt', 'image.bin', 'none.bin', 'out.bin'],
            ['decrypt', 'image.bin', 'key.txt', 'out.bin'],
            ['decrypt', 'in.csv', 'key.bin', 'out.bin'],
            ['decrypt', 'image.bin', 'key.bin', 'out.img'],
            ['decrypt', 'image.bin', 'short.bin', 'out.bin'],
            ['decrypt', 'image.bin', 'key.bin', 'out.bin', '--outdir', 'in.csv'],
        ]
    )
    if draft.arguments[2] == 'short.bin':
        draft.files['short.bin'] = b'\x33' * draft.rng.choice([1, 24, 31, 48, 63])


MUTATIONS = (
    number_that_is_none,
    number_out_of_range,
    odd_hex,
    hex_with_wrong_digits,
    broken_base64,
    unknown_encoding,
    broken_fill,
    fill_shorter_than_text,
    header_without_column,
    header_of_another_spelling,
    long_key,
    long_namespace,
    string_too_long,
    blob_too_long_for_version_1,
    data_row_without_value,
    line_of_blanks,
    blank_line_before_header,
    not_utf8,
    missing_input,
    missing_value_file,
    value_file_with_wrong_text,
    wrong_size,
    partition_too_small,
    wrong_key_length,
    equal_key_halves,
    missing_key,
    wrong_key_options,
    wrong_usage,
    wrong_output,
    outdir_is_a_file,
    too_many_namespaces,
    wrong_decrypt,
)
