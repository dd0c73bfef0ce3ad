"""Random settings that the original builds well, and random command lines around them."""

import base64
import random
import zlib
from dataclasses import dataclass, field

import exclusions
from rows import NUMBERS, Row, namespace, random_style, write_csv
from runs import HERE

PAGE = 4096
ENTRIES = 126
KEY_CHARACTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-'
ODD_KEY_CHARACTERS = ' ,;:/\\\'"#%$&@!?+*=()[]{}<>|~^`'
ALPHABETS = (
    'abcdefghijklmnopqrstuvwxyz ',
    'ABC xyz 0189 .,;:-_/\\\'"#$%&()=?!',
    'äöüÄÖÜßéèñçøå€',
    'привет мир',
    '日本語の設定値',
    '😀🚀🔑e\u0301',
    '\t\'"", \n',
    '\n\n#"',
    '\x0b\x0c\x1c\x85\u2028\ufeff ',
)


@dataclass
class Case:
    """One comparison: input files, arguments, and for an encrypted image what is decrypted to what."""

    name: str
    files: dict
    arguments: list
    image: str = ''
    key: str = ''  # The key file that decrypts the image, an input or an output; empty for a plain image.
    plain: list = field(default_factory=list)  # Arguments that make the same image unencrypted.
    random_keys: bool = False  # Keys are drawn, so that only what they open can be compared.
    note: str = ''


def random_text(rng, size):
    """About SIZE bytes of text."""
    alphabet = rng.choice(ALPHABETS[:6] if rng.random() < 0.9 else ALPHABETS)
    text = ''.join(rng.choices(alphabet, k=min(size, 4100)))
    if rng.random() < 0.05:
        text = f'{{"json": "{text}"}}'
    return cut(text, size)


def cut(text, size):
    return text.encode('utf-8')[: max(size, 0)].decode('utf-8', errors='ignore')


def random_size(rng, limit):
    """Mostly short, sometimes just at a slot's edge, sometimes as long as it may be."""
    pick = rng.random()
    if pick < 0.6:
        size = rng.randrange(0, 40)
    elif pick < 0.8:
        size = rng.randrange(0, 300)
    elif pick < 0.92:
        size = 32 * rng.randrange(0, limit // 32 + 1) + rng.choice([-1, 0, 1])
    else:
        size = rng.choice([limit, limit - 1, rng.randrange(limit + 1)])
    return min(max(size, 0), limit)


def random_key(rng):
    if rng.random() < 0.001:
        return ''
    size = rng.choice([1, 3, 6, 9, 12, 14, 15, 15])
    characters = KEY_CHARACTERS + (ODD_KEY_CHARACTERS if rng.random() < 0.1 else '')
    return ''.join(rng.choices(characters, k=size))


def random_number(rng, encoding):
    """A number of the type, in one of the forms that Python's int() reads."""
    low, high = NUMBERS[encoding]
    number = rng.choice([low, high, 0, 1, rng.randint(low, high), rng.randint(low, high), max(low, -1)])
    text = str(number)
    form = rng.random()
    if form < 0.05 and number >= 0:
        text = '+' + text
    elif form < 0.1 and number >= 0:
        text = '00' + text
    elif form < 0.14:
        text = rng.choice([' ', '\t', '']) + text + rng.choice([' ', '  ', ''])
    elif form < 0.18 and number >= 1000:
        text = f'{number:_}'
    elif form < 0.2:
        text = '-0'
    return text


def random_hex(rng, size):
    text = rng.randbytes(size).hex()
    form = rng.random()
    return text.upper() if form < 0.2 else f' {text} ' if form < 0.25 else text


def random_base64(rng, size):
    text = base64.b64encode(rng.randbytes(size)).decode()
    if rng.random() < 0.1:
        text = '\n'.join(text[start : start + 64] for start in range(0, len(text), 64))
    return text


def random_fill(rng, limit):
    size = random_size(rng, min(limit, 2000))
    text = cut(random_text(rng, size).replace('\n#', '\n'), rng.randrange(size + 1))
    name = rng.choice(['blob_fill', 'blob_sz_fill'])
    return f'{name}({size};0x{rng.choice(["00", "ff", "FF", "5a", "aB"])})', text


def blob_limit(rng, version):
    return 1980 if version == 1 else rng.choice([300, 2000, 4032, 8200, 20000])


def random_row(rng, key, version):
    if rng.random() < 0.12:
        return random_file_row(rng, key, version)
    encoding = rng.choice([*NUMBERS, 'string', 'string', 'string', 'hex2bin', 'base64', 'binary', 'fill'])
    limit = blob_limit(rng, version)
    if encoding in NUMBERS:
        value = random_number(rng, encoding)
    elif encoding == 'string':
        value = random_text(rng, random_size(rng, 1983 if version == 1 else 3967)).replace('\n#', '\n')
    elif encoding == 'hex2bin':
        value = random_hex(rng, random_size(rng, limit))
    elif encoding == 'base64':
        value = random_base64(rng, random_size(rng, limit))
    elif encoding == 'binary':
        value = ''.join(rng.choices(ALPHABETS[0] + ALPHABETS[1], k=random_size(rng, limit)))
    else:
        encoding, value = random_fill(rng, limit)
    # Every type but file and namespace is data.
    return Row(key, rng.choice(['', 'DATA', 'blob', 'Namespace']) if rng.random() < 0.002 else 'data', encoding, value)


def random_file_row(rng, key, version):
    encoding = rng.choice(['string', 'binary', 'hex2bin', 'base64', rng.choice(list(NUMBERS))])
    limit = blob_limit(rng, version)
    if encoding == 'string':
        content = random_text(rng, random_size(rng, 1983 if version == 1 else 3967)).encode('utf-8')
    elif encoding == 'binary':
        content = rng.randbytes(random_size(rng, limit))
    elif encoding == 'hex2bin':
        content = (random_hex(rng, random_size(rng, limit)) + rng.choice(['', '\n', '\r\n'])).encode()
    elif encoding == 'base64':
        content = (random_base64(rng, random_size(rng, limit)) + rng.choice(['', '\n'])).encode()
    else:
        content = (random_number(rng, encoding) + rng.choice(['', '\n'])).encode()
    return Row(key, 'file', encoding, None, content)


def wifi_rows(rng):
    """What a firmware keeps for the Wi-Fi driver; the generator adds rows of its own to these."""
    rows = []
    if rng.random() < 0.7:
        rows += [
            Row('sta.ssid', 'data', rng.choice(['string', 'blob_sz_fill(32;0x00)', 'binary']), 'Example Lab'),
            Row('sta.pswd', 'data', rng.choice(['string', 'blob_fill(65;0x00)', 'binary']), 'not-a-real-password'),
        ]
    if rng.random() < 0.7:
        rows += [
            Row('ap.ssid', 'data', rng.choice(['string', 'blob_sz_fill(32;0x00)']), 'Example Point'),
            Row('ap.passwd', 'data', rng.choice(['string', 'blob_fill(65;0x00)']), 'not-a-real-one'),
            Row('ap.authmode', 'data', 'u8', rng.choice(['0', '3', '4'])),
        ]
    rng.shuffle(rows)
    return rows


def edge_rows(rng, version):
    """Rows that fill a page up to a few entries, then an item that just fits, just does not, or just leaves one."""
    rows = [namespace('edge')]
    used = 1
    for round_number in range(rng.randrange(1, 5)):
        numbers = rng.choice([0, 1, 2, rng.randrange(0, 126), 124 - used % ENTRIES, 125 - used % ENTRIES])
        rows += [Row(f'n{round_number}.{n}', 'data', 'u8', str(n % 256)) for n in range(max(numbers, 0))]
        used += max(numbers, 0)
        free = ENTRIES - used % ENTRIES
        slots = max(free - 1 + rng.choice([-3, -2, -1, 0, 1, 2]), 0)
        size = max(32 * slots + rng.choice([0, 0, -1, 1, -31]), 0)
        key = f'item{round_number}'
        if rng.random() < 0.5:
            size = min(size, 1984 if version == 1 else 3968)
            rows.append(Row(key, 'data', 'string', 'e' * max(size - 1, 0)))
        else:
            size = min(size + rng.choice([0, 0, 4000, 8000]) * (version == 2), 1984 if version == 1 else 20000)
            rows.append(Row(key, 'data', 'hex2bin', rng.randbytes(size).hex()))
        used += 1 + (size + 31) // 32 + 2
    return rows


def random_rows(rng, version):
    """Rows of one or more namespaces, none of them in exclusions.EXCLUSIONS."""
    if rng.random() < 0.15:
        rows = edge_rows(rng, version)
    else:
        rows = []
        total = rng.choice([0, 1, 3, 6, 10, 20, 20, 40, 40, 80, 150, 400])
        spaces = rng.choice([1, 1, 2, 3, 5]) if total < 150 else rng.choice([1, 4, 60])
        wifi = rng.randrange(spaces) if rng.random() < 0.06 else None
        for space in range(spaces):
            rows.append(namespace(unused(rng, {row.key for row in rows if row.is_namespace()})))
            keys = set()
            for _ in range(total // spaces):
                keys.add(unused(rng, keys))
            body = [random_row(rng, key, version) for key in sorted(keys, key=lambda key: (hash_of(key), key))]
            rows += (wifi_rows(rng) if space == wifi else []) + body
    return [] if not rows and rng.random() < 0.5 else rows


def hash_of(text):
    return zlib.crc32(text.encode())


def unused(rng, taken):
    while (key := random_key(rng)) in taken or key.startswith(('sta.', 'ap.')):
        pass
    return key


def slots_of(row):
    if row.is_namespace() or row.encoding in NUMBERS:
        return 1
    size = len(row.content) if row.content is not None else len((row.value or '').encode())
    if row.encoding in ('hex2bin', 'base64') and row.content is None:
        size = size // 2 if row.encoding == 'hex2bin' else size * 3 // 4
    if row.encoding.startswith('blob_'):
        size = int(row.encoding.split('(')[1].split(';')[0]) + 4
    return 3 + size // 32


def random_partition_size(rng, rows):
    """Mostly large enough, sometimes just or just not."""
    pages = max(-(-sum(map(slots_of, rows)) // 120), 1)
    pick = rng.random()
    if pick < 0.75:
        pages = pages + pages // 8 + rng.choice([1, 2, 2, 3, 8])
    elif pick < 0.95:
        pages = pages + rng.choice([0, 0, 1, 1, 2])
    else:
        pages = rng.randrange(1, 65)
    size = min(max(pages, 1), 64) * PAGE
    return rng.choice(
        [
            hex(size),
            hex(size),
            hex(size),
            str(size),
            hex(size).upper().replace('X', 'x'),
            oct(size),
            bin(size),
            f'{size:_}',
        ]
    )


def name_files(rng, rows):
    """Gives each file row a file, relative to the current folder; returns the files."""
    files = {}
    for number, row in enumerate(rows):
        if row.content is not None:
            row.value = rng.choice(['', './', 'data/', 'data/a folder/']) + f'value {number}.txt'
            files[row.value.removeprefix('./')] = row.content
    return files


def split_csvs(rng, rows):
    """Rows as one CSV or, cut in front of namespaces, as several."""
    starts = [n for n, row in enumerate(rows) if row.is_namespace() and n > 0]
    if not starts or rng.random() < 0.7:
        return [rows]
    cuts = sorted(rng.sample(starts, rng.randrange(1, min(len(starts), 3) + 1)))
    return [rows[a:b] for a, b in zip([0, *cuts], [*cuts, len(rows)])]


def key_page(rng):
    keys = rng.randbytes(64)
    return keys + zlib.crc32(keys, 0xFFFFFFFF).to_bytes(4, 'little') + b'\xff' * (PAGE - 68)


def random_case(seed, index):
    rng = random.Random(f'sound {seed} {index}')
    version = rng.choice([1, 2, 2])
    while exclusions.excluded(rows := random_rows(rng, version), version):
        pass
    files = name_files(rng, rows)
    inputs = []
    for part in split_csvs(rng, rows):
        inputs.append(rng.choice(['settings', 'in/part', 'my settings ']) + f'{len(inputs)}.csv')
        files[inputs[-1]] = write_csv(rng, part, random_style(rng)) if rows or rng.random() < 0.5 else b''
    return add_command(rng, Case(f'csv/{index}', files, []), inputs, random_partition_size(rng, rows), version)


def add_command(rng, case, inputs, size, version):
    output = rng.choice(['nvs.bin', 'nvs.bin', 'out/nvs.bin', 'a.b.bin', 'image.binx', f'{HERE}/own/nvs.bin'])
    options = []
    if version == 1 or rng.random() < 0.5:
        options += rng.choice([['--version', str(version)], [f'--version={version}'], ['--ver', str(version)]])
    outdir = rng.choice(['', '', '', 'made', 'made/deep/'])
    if outdir:
        options += rng.choice([['--outdir', outdir], [f'--outdir={outdir}']])
    positionals = [*inputs, output, size]
    case.image = f'{outdir.rstrip("/")}/{output}' if outdir else output
    if output.startswith(HERE):
        case.image = output.removeprefix(f'{HERE}/')
    if rng.random() < 0.05:
        case.files[case.image] = b'an older image'
    how = rng.random()
    if how < 0.4:
        case.arguments = arranged(rng, 'generate', options, positionals)
        return case
    case.plain = ['generate', *positionals, '--version', str(version)]
    # An absolute output makes the original forget --outdir, for the keys too.
    keys = f'{outdir.rstrip("/")}/keys/keys.bin' if outdir and not output.startswith(HERE) else 'keys/keys.bin'
    if how < 0.75:
        case.key = rng.choice(['key.bin', 'given/key.bin'])
        case.files[case.key] = key_page(rng) if rng.random() < 0.8 else rng.randbytes(64)
        options += ['--inputkey', case.key]
    else:
        case.key = keys
        options += ['--keygen', '--keyfile', rng.choice(['keys.bin', 'keys'])]
        if how < 0.93:
            case.files['hmac.bin'] = rng.randbytes(rng.choice([32, 32, 32, 1, 16, 64, 100]))
            options += ['--key_protect_hmac', '--kp_hmac_inputkey', 'hmac.bin']
        else:
            case.random_keys = True
            if rng.random() < 0.5:
                options += ['--key_protect_hmac', '--kp_hmac_keygen', '--kp_hmac_keyfile', 'new-hmac.bin']
    case.arguments = arranged(rng, 'encrypt', options, positionals)
    return case


def arranged(rng, command, options, positionals):
    return [command, *options, *positionals] if rng.random() < 0.3 else [command, *positionals, *options]


def random_key_case(seed, index):
    """generate-key: derived from an HMAC key, or drawn."""
    rng = random.Random(f'keys {seed} {index}')
    case = Case(f'keys/{index}', {'hmac.bin': rng.randbytes(rng.choice([32, 32, 1, 64, 65, 200]))}, ['generate-key'])
    options, folder, name = [], '', rng.choice(['keys.bin', 'keys', 'a folder/keys.bin'])
    options += ['--keyfile', name]
    if rng.random() < 0.4:
        folder = rng.choice(['made/', 'made/deep/'])
        options += ['--outdir', folder]
    case.key = f'{folder}keys/{name.removesuffix(".bin")}.bin'
    how = rng.random()
    if how < 0.6:
        options += ['--key_protect_hmac', '--kp_hmac_inputkey', 'hmac.bin']
    else:
        case.random_keys = True
        if how < 0.8:
            options += ['--key_protect_hmac', '--kp_hmac_keygen'] + rng.choice(
                [[], ['--kp_hmac_keyfile', 'my-hmac.bin']]
            )
    case.arguments += options
    return case
