"""Images that no test makes: entries put together at random, most of them sound, some with a field changed, and every CRC right
unless a fault says otherwise. The same seed gives the same image. For check_oracle.py.
"""
import dataclasses
import random
import struct

import nvs_oracle as oracle


def encode_entry(entry):
    head = bytes([entry.namespace, entry.type, entry.span & 0xFF, entry.chunk])
    tail = entry.key_field + entry.data
    return head + struct.pack("<I", oracle.nvs_crc(head + tail)) + tail


def page_header(state, sequence, version):
    covered = struct.pack("<IB", sequence, version) + b"\xff" * 19
    return struct.pack("<I", state) + covered + struct.pack("<I", oracle.nvs_crc(covered))


def key_field(key):
    return key.ljust(16, b"\0")


def header(namespace, kind, key, data, span=1, chunk=oracle.NO_CHUNK):
    return oracle.Entry(namespace, kind, span, chunk, 0, key_field(key), data)


def number(namespace, kind, key, value):
    size = struct.calcsize(oracle.NUMBERS[kind])
    return header(namespace, kind, key, value.to_bytes(8, "little")[:size].ljust(8, b"\xff")), b""


def with_data(namespace, kind, key, data, chunk=oracle.NO_CHUNK):
    fields = struct.pack("<HHI", len(data), 0xFFFF, oracle.nvs_crc(data))
    return header(namespace, kind, key, fields, 1 + (len(data) + 31) // 32, chunk), data


def blob_index(namespace, key, size, count, start):
    return header(namespace, oracle.BLOB_INDEX, key, struct.pack("<IBBH", size, count, start, 0xFFFF)), b""


class Pages:
    """Entries one after the other, on a new page when one is full or when told."""

    def __init__(self, count):
        self.bytes = bytearray(b"\xff" * (count * oracle.PAGE_SIZE))
        self.count = count
        self.page = -1
        self.next = oracle.ENTRY_COUNT
        self.written = []  # (page, entry) of each header

    def start(self, state, sequence, version=oracle.VERSION_NEWEST):
        self.page += 1
        self.next = 0
        at = self.page * oracle.PAGE_SIZE
        self.bytes[at:at + 32] = page_header(state, sequence, version)

    def mark(self, page, entry, mark):
        at = page * oracle.PAGE_SIZE + oracle.BITMAP_OFFSET + entry // 4
        shift = 2 * (entry % 4)
        self.bytes[at] = self.bytes[at] & ~(3 << shift) | mark << shift

    def put(self, entry, data):
        """False where it does not fit."""
        used = 1 + (len(data) + 31) // 32
        if self.next + used > oracle.ENTRY_COUNT:
            return False
        at = self.page * oracle.PAGE_SIZE + oracle.ENTRIES_OFFSET + self.next * oracle.ENTRY_SIZE
        self.bytes[at:at + 32 * used] = encode_entry(entry) + data.ljust(32 * (used - 1), b"\xff")
        for n in range(self.next, self.next + used):
            self.mark(self.page, n, oracle.MARK_WRITTEN)
        self.written.append((self.page, self.next))
        self.next += used
        return True

    def encrypted(self, key):
        out = bytearray(self.bytes)
        cipher = oracle.Xts(key)
        for page in range(self.count):
            for n in range(oracle.ENTRY_COUNT):
                at = page * oracle.PAGE_SIZE + oracle.ENTRIES_OFFSET + n * oracle.ENTRY_SIZE
                if not oracle.is_blank(out[at:at + 32]):
                    out[at:at + 32] = cipher.encrypt(at, bytes(out[at:at + 32]))
        return bytes(out)


KEYS = (b"a", b"b", b"key", b"fifteen_bytes__")


def changed(entry, chance):
    """The entry with one field of another value: its CRC is made anew, so only the rules can tell."""
    field = chance.choice(("namespace", "type", "span", "chunk", "key", "size", "count", "start", "crc"))
    if field == "namespace":
        return dataclasses.replace(entry, namespace=chance.choice((0, 2, 7, 254, 255)))
    if field == "type":
        return dataclasses.replace(entry, type=chance.choice((*oracle.NUMBERS, 0x21, 0x41, 0x42, 0x48, 0x00, 0x99, 0xFF)))
    if field == "span":
        return dataclasses.replace(entry, span=chance.choice((0, 1, 2, 3, 126, 255)))
    if field == "chunk":
        return dataclasses.replace(entry, chunk=chance.choice((0, 1, 0x80, 0x81, 0xFE, 0xFF)))
    if field == "key":
        return dataclasses.replace(entry, key_field=chance.choice(
            [key_field(key) for key in (b"", b"sixteen_bytes___", b"a\0rest", b"\xff\xfe", b"t\x1b[1m", "ü/ü".encode())]))
    data = bytearray(entry.data)
    if field == "size":
        struct.pack_into("<H", data, 0, chance.choice((0, 1, 31, 32, 33, 4000, 4001, 65535)))
    elif field == "count":
        data[4] = chance.choice((0, 1, 2, 127, 128, 255))
    elif field == "start":
        data[5] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
    else:
        data[7] ^= 1
    return dataclasses.replace(entry, data=bytes(data))


def random_items(chance):
    """(entry, data) of a namespace, a value, or a blob with all its parts; sometimes not all of them, or in another order."""
    namespace, key = chance.choice((1, 1, 2, 3)), chance.choice(KEYS)
    kind = chance.choice(("namespace", "number", "number", "string", "blob", "blob", "blob", "v1"))
    if kind == "namespace":
        return [number(0, 0x01, chance.choice((b"one", b"two", b"three")), chance.choice((1, 2, 3)))]
    if kind == "number":
        return [number(namespace, chance.choice(list(oracle.NUMBERS)), key, chance.getrandbits(64))]
    if kind == "string":
        text = bytes(chance.choice(b"abc\xc3\xbc\n\0") for _ in range(chance.choice((0, 1, 31, 32, 100))))
        return [with_data(namespace, oracle.STRING, key, text + chance.choice((b"\0", b"\0", b"\0", b"")))]
    if kind == "v1":
        return [with_data(namespace, oracle.BLOB_V1, key, chance.randbytes(chance.choice((0, 1, 64, 200))))]
    start = chance.choice(oracle.CHUNK_STARTS)
    chunks = [chance.randbytes(chance.choice((0, 1, 40))) for _ in range(chance.choice((0, 1, 1, 2, 3)))]
    items = [with_data(namespace, oracle.BLOB_DATA, key, data, start + i) for i, data in enumerate(chunks)]
    items.append(blob_index(namespace, key, sum(map(len, chunks)), len(chunks), start))
    fate = chance.randrange(8)
    if fate == 0:
        items.pop(chance.randrange(len(items)))
    elif fate == 1:
        chance.shuffle(items)
    return items


def made_image(seed):
    """The image, and the key that it is encrypted with, or None."""
    chance = random.Random(seed)
    pages = Pages(4)
    sequences = chance.sample(range(10), 4) if chance.randrange(4) else [chance.randrange(2) for _ in range(4)]
    states = [chance.choice((oracle.FULL, oracle.ACTIVE, oracle.FREEING)) for _ in range(4)]
    versions = [chance.choice((0xFF, 0xFE, 0xFE)) for _ in range(4)]
    for page in range(chance.choice((1, 2, 3, 4))):
        pages.start(states[page], sequences[page], versions[page])
        if page == 0 and chance.randrange(4):
            pages.put(*number(0, 0x01, b"one", 1))
        for _ in range(chance.randrange(1, 12)):
            for entry, data in random_items(chance):
                pages.put(changed(entry, chance) if chance.randrange(12) == 0 else entry, data)
    for _ in range(chance.randrange(4) if pages.written else 0):  # faults of flash and of power
        page, entry = chance.choice(pages.written)
        fault = chance.randrange(6)
        if fault == 0:
            pages.mark(page, entry, chance.choice((oracle.MARK_ERASED, oracle.MARK_ILLEGAL, oracle.MARK_EMPTY)))
        elif fault == 1 and entry + 1 < oracle.ENTRY_COUNT:
            pages.mark(page, entry + 1, chance.choice((oracle.MARK_ERASED, oracle.MARK_EMPTY)))
        elif fault == 2:
            at = page * oracle.PAGE_SIZE + oracle.ENTRIES_OFFSET + entry * oracle.ENTRY_SIZE
            pages.bytes[at + chance.randrange(64)] ^= 1 << chance.randrange(8)
        elif fault == 3 and chance.randrange(3) == 0:
            pages.bytes[page * oracle.PAGE_SIZE + chance.randrange(32)] ^= 1 << chance.randrange(8)
    key = chance.randbytes(64) if chance.randrange(3) == 0 else None
    return (pages.encrypted(key) if key else bytes(pages.bytes)), key
