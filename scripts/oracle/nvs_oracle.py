#!/usr/bin/env python3
"""Decodes NVS partition images, plain or encrypted, whole-flash dumps and partition tables.

A second reader of the format, for checks of the first: written from docs/FORMAT.md alone (a § below is a section of it), and sharing
no line with src/. It is slow, keeps everything in memory and explains nothing; nvsafe is the program for people.

  nvs_oracle.py FILE [--key FILE]... [--hmac-key FILE]...   prints what it reads as JSON
"""
import argparse
import contextlib
import dataclasses
import hashlib
import hmac
import json
import struct
import sys
import zlib

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

# §2
PAGE_SIZE = 4096
BITMAP_OFFSET = 32
ENTRIES_OFFSET = 64
ENTRY_SIZE = 32
ENTRY_COUNT = 126
WRITABLE_SIZE_MIN = 12288
EMPTY, ACTIVE, FULL, FREEING = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFC, 0xFFFFFFF8
STATES_IN_USE = (ACTIVE, FULL, FREEING)
VERSION_NEWEST = 0xFE
MARK_EMPTY, MARK_WRITTEN, MARK_ILLEGAL, MARK_ERASED = 3, 2, 1, 0
# §3
NO_CHUNK = 0xFF
NAMESPACE_MAX = 254
# §4.1: struct codes of the numbers
NUMBERS = {0x01: "B", 0x11: "b", 0x02: "H", 0x12: "h", 0x04: "I", 0x14: "i", 0x08: "Q", 0x18: "q", 0x24: "f", 0x28: "d"}
STRING, BLOB_V1, BLOB_DATA, BLOB_INDEX = 0x21, 0x41, 0x42, 0x48
SIZE_MAX = 4000
CHUNK_COUNT_MAX = 127
CHUNK_STARTS = (0x00, 0x80)
TYPE_NAMES = {0x01: "u8", 0x11: "i8", 0x02: "u16", 0x12: "i16", 0x04: "u32", 0x14: "i32", 0x08: "u64", 0x18: "i64",
              0x24: "float", 0x28: "double", STRING: "string", BLOB_V1: "blob", BLOB_INDEX: "blob"}
# §5
KEY_SIZE = 64
SEEDS = (0xAEBE5A5A, 0xCEDEA5A5)
UNIVERSAL_KEYS = (b"".join(bytes([byte]) * 16 for byte in b"\xff\x99\xee\x88"), b"\xff" * 32 + b"\xee" * 32)
# §7
TABLE_OFFSET = 0x8000
TABLE_SIZE = 0xC00
RECORD_SIZE = 32
RECORD = struct.Struct("<HBBII16sI")
MAGIC, DIGEST_MAGIC = 0x50AA, 0xEBEB
RECORD_COUNT_MAX = 95
TYPE_DATA, SUBTYPE_NVS, SUBTYPE_NVS_KEYS = 1, 0x02, 0x04
FLAG_ENCRYPTED, FLAG_READONLY = 1, 2
TYPE_WORDS = {0: "app", 1: "data", 2: "bootloader", 3: "partition_table"}
SUBTYPE_WORDS = {
    0: {0x00: "factory", **{0x10 + n: f"ota_{n}" for n in range(16)}, 0x20: "test", 0x30: "tee_0", 0x31: "tee_1"},
    1: {0x00: "ota", 0x01: "phy", 0x02: "nvs", 0x03: "coredump", 0x04: "nvs_keys", 0x05: "efuse", 0x06: "undefined", 0x80: "esphttpd",
        0x81: "fat", 0x82: "spiffs", 0x83: "littlefs", 0x90: "tee_ota"},
    2: {0x00: "primary", 0x01: "ota", 0x02: "recovery"},
    3: {0x00: "primary", 0x01: "ota"},
}


class Refused(Exception):
    """The bytes cannot be read as what they claim to be; `kind` is size, page, version, key, table or cut."""

    def __init__(self, kind, text):
        super().__init__(text)
        self.kind = kind


def nvs_crc(data):
    """§1"""
    return zlib.crc32(data, 0xFFFFFFFF)


# --- §5: keys and the cipher -----------------------------------------------------------------------------------------------------


class Xts:
    """AES-256-XTS over entries. From single AES blocks: libraries refuse keys with equal halves, which nvsafe opens (§5.4)."""

    def __init__(self, key):
        if len(key) != KEY_SIZE:
            raise ValueError("an XTS key has 64 bytes")
        self.data, self.tweak = (Cipher(algorithms.AES(half), modes.ECB()) for half in (key[:32], key[32:]))

    def _masks(self, offsets):
        block = self.tweak.encryptor()
        masks = []
        for offset in offsets:
            tweak = int.from_bytes(block.update(offset.to_bytes(16, "little")), "little")
            masks.append(tweak.to_bytes(16, "little"))
            doubled = tweak << 1
            if doubled >> 128:
                doubled ^= (1 << 128) | 0x87
            masks.append(doubled.to_bytes(16, "little"))
        return b"".join(masks)

    def _apply(self, block, offset, data):
        masks = self._masks(range(offset, offset + len(data), ENTRY_SIZE))
        return xor(block.update(xor(data, masks)), masks)

    def decrypt(self, offset, data):
        """`data` is whole entries; `offset` is that of the first in its partition."""
        return self._apply(self.data.decryptor(), offset, data)

    def encrypt(self, offset, data):
        return self._apply(self.data.encryptor(), offset, data)


def xor(a, b):
    return (int.from_bytes(a, "little") ^ int.from_bytes(b, "little")).to_bytes(len(a), "little")


def key_of_page(page):
    """§5.1: the 64 bytes of a key page, or None where its CRC is wrong."""
    if len(page) < 68 or page[:68] == b"\xff" * 68:
        return None
    return page[:64] if struct.unpack_from("<I", page, 64)[0] == nvs_crc(page[:64]) else None


def derived_key(hmac_key):
    """§5.2"""
    return b"".join(hmac.digest(hmac_key, struct.pack("<I", seed) * 8, "sha256") for seed in SEEDS)


# --- §2, §3: pages, entries, items -----------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Entry:
    namespace: int
    type: int
    span: int
    chunk: int
    crc: int
    key_field: bytes
    data: bytes

    @property
    def key(self):
        return self.key_field.split(b"\0")[0]

    @property
    def size_and_crc(self):
        size, crc = struct.unpack("<HxxI", self.data)
        return size, crc

    @property
    def index(self):
        """Of a blob index: size, chunk count, chunk start."""
        return struct.unpack("<IBBxx", self.data)


def is_known(kind):
    return kind in NUMBERS or kind in (STRING, BLOB_V1, BLOB_DATA, BLOB_INDEX)


def parse_entry(raw):
    """The entry, and whether its CRC is right."""
    entry = Entry(raw[0], raw[1], raw[2], raw[3], struct.unpack_from("<I", raw, 4)[0], raw[8:24], raw[24:32])
    return entry, entry.crc == nvs_crc(raw[0:4] + raw[8:32])


@dataclasses.dataclass
class Item:
    """A header that makes sense, with its data entries; `age` orders items, oldest first."""
    age: tuple
    entry: Entry
    data: bytes = b""
    whole: bool = True  # the data's CRC is right

    @property
    def identity(self):
        return self.entry.namespace, self.entry.key_field, self.entry.chunk


@dataclasses.dataclass
class Value:
    """What a reader gets: `data` is None where the type is not known, or the value is damaged."""
    namespace: int
    key: bytes
    type: int
    size: int
    data: bytes | None
    damaged: bool = False


@dataclasses.dataclass
class Reading:
    pages_blank: int = 0
    pages_in_use: int = 0
    written: int = 0
    decoded: int = 0
    counts: dict = dataclasses.field(default_factory=dict)  # code of docs/FINDINGS.md -> how often
    names: dict = dataclasses.field(default_factory=dict)  # namespace index -> name
    values: list = dataclasses.field(default_factory=list)

    def count(self, code, number=1):
        if number:
            self.counts[code] = self.counts.get(code, 0) + number


def marks_of(page):
    """§2.2"""
    return [page[BITMAP_OFFSET + n // 4] >> (2 * (n % 4)) & 3 for n in range(ENTRY_COUNT)]


def is_blank(data):
    return data.count(0xFF) == len(data)


def fault_of(entry, room):
    """§8.2: why an entry whose CRC is right makes no sense, or None."""
    if entry.span == 0 or entry.span > room:
        return "span"
    if b"\0" not in entry.key_field:
        return "key"
    if entry.namespace > NAMESPACE_MAX:
        return "namespace"
    if not is_known(entry.type):
        return None
    size = entry.size_and_crc[0] if entry.type in (STRING, BLOB_V1, BLOB_DATA) else 0
    if entry.span != 1 + (size + 31) // 32:
        return "span"
    if (entry.chunk == NO_CHUNK) == (entry.type == BLOB_DATA):
        return "chunk index"
    if entry.type == BLOB_INDEX:
        size, count, start = entry.index
        if count > CHUNK_COUNT_MAX or size > count * SIZE_MAX or start not in CHUNK_STARTS:
            return "blob index"
    return None


def is_erased_data(marks, plain, n):
    """§8.2: the nearest entry before that has a right CRC is the erased header of an item that covers this one."""
    for header in range(n - 1, -1, -1):
        entry, right = parse_entry(plain[header * ENTRY_SIZE:(header + 1) * ENTRY_SIZE])
        if right:
            return (marks[header] == MARK_ERASED and entry.type in (STRING, BLOB_V1, BLOB_DATA)
                    and header + entry.span > n and not fault_of(entry, ENTRY_COUNT - header))
    return False


def read_page(reading, number, sequence, page, cipher, in_use=True):
    """The items of a page, in their order."""
    marks = marks_of(page)
    raw = page[ENTRIES_OFFSET:]
    plain = raw if cipher is None else cipher.decrypt(number * PAGE_SIZE + ENTRIES_OFFSET, raw)
    entry_at = lambda data, n: data[n * ENTRY_SIZE:(n + 1) * ENTRY_SIZE]
    items = []
    reading.written += marks.count(MARK_WRITTEN)
    reading.count("NVS-D016", marks.count(MARK_ILLEGAL))
    reading.count("NVS-D015", sum(mark == MARK_EMPTY and not is_blank(entry_at(raw, n)) for n, mark in enumerate(marks)))
    n = 0
    while n < ENTRY_COUNT:
        if marks[n] != MARK_WRITTEN:
            n += 1
            continue
        entry, right = parse_entry(entry_at(plain, n))
        if not right and (not any(entry_at(raw, n)) or (not in_use and is_blank(entry_at(raw, n)))):  # destroyed or purged
            reading.written -= 1
            n += 1
            continue
        if not right and is_erased_data(marks, plain, n):
            reading.written -= 1
            n += 1
            continue
        if not right:
            reading.count("NVS-D011")
            n += 1
            continue
        fault = fault_of(entry, ENTRY_COUNT - n)
        span = 1 if fault == "span" else entry.span
        if not fault and not is_known(entry.type) and marks[n:n + span].count(MARK_WRITTEN) != span:
            fault = "torn"
        if not fault and entry.namespace == 0 and entry.type == 1 and entry.data[0] in (0, 255):
            fault = "namespace"
        reading.decoded += marks[n:n + span].count(MARK_WRITTEN)
        if fault:
            reading.count("NVS-D017")
            n += span
            continue
        if not is_known(entry.type):
            reading.count("NVS-D020")
        elif marks[n:n + entry.span].count(MARK_WRITTEN) != entry.span:
            reading.count("NVS-D024")
            n += entry.span
            continue
        item = Item((sequence, number, n), entry)
        item.data = plain[(n + 1) * ENTRY_SIZE:(n + entry.span) * ENTRY_SIZE]
        if entry.type in (STRING, BLOB_V1, BLOB_DATA):
            size, crc = entry.size_and_crc
            item.data = item.data[:size]
            item.whole = crc == nvs_crc(item.data)
        if not item.whole:
            reading.count("NVS-D012")
        items.append(item)
        n += entry.span
    return items


def is_retired(page, state, version):
    """§8.1: all of the header is right but its CRC, which is 0: nothing in the page counts."""
    right = state in STATES_IN_USE and version >= VERSION_NEWEST and is_blank(page[9:28])
    return right and page[28:32] == bytes(4) and nvs_crc(page[4:28]) != 0


def read_pages(image, cipher):
    """§2.1: the items of all pages in use, oldest first, and what was seen on the way."""
    if not image or len(image) % PAGE_SIZE:
        raise Refused("size", f"{len(image)} bytes are not whole pages")
    reading = Reading()
    pages = []
    for number in range(len(image) // PAGE_SIZE):
        page = image[number * PAGE_SIZE:(number + 1) * PAGE_SIZE]
        state, sequence, version = struct.unpack_from("<IIB", page)
        if is_blank(page):
            reading.pages_blank += 1
        elif state == EMPTY:
            reading.count("NVS-D022")
            read_page(reading, number, 0, page, cipher, in_use=False)
        elif is_retired(page, state, version):
            continue
        elif struct.unpack_from("<I", page, 28)[0] != nvs_crc(page[4:28]) or state not in STATES_IN_USE:
            reading.count("NVS-D008")
            read_page(reading, number, 0, page, cipher, in_use=False)
        elif version < VERSION_NEWEST:
            raise Refused("version", f"page {number} has version 0x{version:02X}")
        else:
            reading.pages_in_use += 1
            if state == FREEING:
                reading.count("NVS-D021")
            pages.append((sequence, number, page))
    pages.sort(key=lambda page: page[:2])
    reading.count("NVS-D023", len(pages) - len({page[0] for page in pages}))
    if len(pages) * PAGE_SIZE == len(image) >= WRITABLE_SIZE_MIN:
        reading.count("NVS-D007")
    items = []
    for sequence, number, page in pages:
        items += read_page(reading, number, sequence, page, cipher)
    return reading, items


# --- §3.2, §4: namespaces and values ---------------------------------------------------------------------------------------------


def name_namespaces(reading, items):
    """§3.2, §8.3: for an index that has two names, the older entry counts."""
    for item in items:
        entry = item.entry
        if entry.namespace != 0 or entry.type != 0x01:
            continue
        index = entry.data[0]
        reading.names.setdefault(index, entry.key)


def blob_of(index_item, chunks):
    """§8.3: the bytes of a blob, or None where it is incomplete."""
    size, count, start = index_item.entry.index
    data = b""
    for number in range(count):
        copies = chunks.get(start + number, [])
        older = [chunk for chunk in copies if chunk.age < index_item.age]
        if not copies:
            return None
        data += (older[-1] if older else copies[0]).data
    return data if len(data) == size else None


def value_of(item, chunks):
    """The value of one live copy, or None where it cannot be read."""
    entry = item.entry
    if entry.type in NUMBERS:
        size = struct.calcsize("<" + NUMBERS[entry.type])
        return Value(entry.namespace, entry.key, entry.type, size, entry.data[:size])
    if entry.type == BLOB_INDEX:
        data = blob_of(item, chunks)
        return None if data is None else Value(entry.namespace, entry.key, entry.type, len(data), data)
    if entry.type in (STRING, BLOB_V1):
        return Value(entry.namespace, entry.key, entry.type, len(item.data), item.data)
    return Value(entry.namespace, entry.key, entry.type, 0, None)


def pick_values(reading, items):
    """§8.3: the newest copy of each item that can be read."""
    copies = {}
    for item in items:
        if item.entry.namespace != 0 and item.whole:
            found = copies.setdefault(item.identity, [])
            if not is_known(item.entry.type):
                found.clear()  # of such an item nobody can say whether it is complete: it counts
            found.append(item)
    reading.count("NVS-D018", len({identity[0] for identity in copies} - reading.names.keys()))
    chunks = {}
    for (namespace, key, chunk), found in copies.items():
        if found[-1].entry.type == BLOB_DATA:
            only = [item for item in found if item.entry.type == BLOB_DATA]
            chunks.setdefault((namespace, key), {})[chunk] = only
    for identity, found in copies.items():
        if found[-1].entry.type == BLOB_DATA:
            continue
        readable = [value for item in reversed(found) if (value := value_of(item, chunks.get(identity[:2], {})))]
        incomplete = [item.entry for item in found if item.entry.type == BLOB_INDEX]
        if readable:
            reading.values.append(readable[0])
        elif incomplete:
            entry = incomplete[0]
            reading.values.append(Value(entry.namespace, entry.key, entry.type, entry.index[0], None, damaged=True))


def read_partition(image, key=None):
    """What lies in a partition under `key` (64 bytes), or under none."""
    reading, items = read_pages(image, Xts(key) if key else None)
    name_namespaces(reading, items)
    pick_values(reading, items)
    return reading


def is_page(page):
    """§8.1: a right header, or an entry that decodes without a key."""
    state = struct.unpack_from("<I", page)[0]
    if state in STATES_IN_USE and struct.unpack_from("<I", page, 28)[0] == nvs_crc(page[4:28]):
        return True
    return len(page) == PAGE_SIZE and any(
        mark == MARK_WRITTEN and parse_entry(page[at:at + ENTRY_SIZE])[1]
        for mark, at in zip(marks_of(page), range(ENTRIES_OFFSET, PAGE_SIZE, ENTRY_SIZE)))


def is_image(data):
    """§8.1: whether a file that is no dump is taken for an NVS image."""
    if has_table_elsewhere(data):
        return False
    pages = [data[at:at + PAGE_SIZE] for at in range(0, len(data), PAGE_SIZE)]
    pages = [page for page in pages if len(page) >= 32]
    found = [is_page(page) for page in pages]
    foreign = sum(not is_blank(page[:32]) and not is_nvs for page, is_nvs in zip(pages, found))
    return is_blank(data) or any(found) and (found[0] or foreign <= sum(found))


def open_partition(image, keys=()):
    """The reading under the key that decodes most entries, and that key; no key counts as one. The last resort is §5.3."""
    for some in ((None, *keys), UNIVERSAL_KEYS):
        best = max(((read_partition(image, key), key) for key in some), key=lambda one: one[0].decoded)
        if best[0].decoded or not best[0].written:
            return best
    raise Refused("key", f"0 of {best[0].written} written entries decode")


# --- §7: partition tables and dumps ----------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Partition:
    name: bytes
    type: int
    subtype: int
    offset: int
    size: int
    flags: int


def parse_table(data):
    """§7.1, §7.2: the partitions, and whether a digest stood behind them."""
    partitions = []
    has_digest = False
    for at in range(0, min(len(data), TABLE_SIZE), RECORD_SIZE):
        record = data[at:at + RECORD_SIZE]
        if len(record) < RECORD_SIZE:
            break
        if is_blank(record):
            return partitions, has_digest
        magic, kind, subtype, offset, size, name, flags = RECORD.unpack(record)
        if magic == DIGEST_MAGIC:
            if record[16:] != hashlib.md5(data[:at]).digest():
                raise Refused("table", f"the digest at 0x{at:X} is wrong")
            has_digest = True
        elif magic == MAGIC:
            partitions.append(Partition(name.split(b"\0")[0], kind, subtype, offset, size, flags))
        else:
            raise Refused("table", f"the record at 0x{at:X} has the magic 0x{magic:04X}")
    if len(data) >= TABLE_SIZE and len(partitions) == RECORD_COUNT_MAX:
        return partitions, has_digest
    raise Refused("table", "the table has no end")


def encode_table(partitions, with_digest=True):
    data = b"".join(RECORD.pack(MAGIC, one.type, one.subtype, one.offset, one.size, one.name, one.flags) for one in partitions)
    if with_digest:
        data += struct.pack("<H", DIGEST_MAGIC) + b"\xff" * 14 + hashlib.md5(data).digest()
    return data.ljust(TABLE_SIZE, b"\xff")


def looks_like_table(data):
    return len(data) >= RECORD_SIZE and struct.unpack_from("<H", data)[0] in (MAGIC, DIGEST_MAGIC)


def partition_bytes(dump, partition):
    end = partition.offset + partition.size
    if end > len(dump):
        raise Refused("cut", f"partition {partition.name} ends at 0x{end:X}, the dump at 0x{len(dump):X}")
    return dump[partition.offset:end]


def is_dump(data):
    """§8.1"""
    return len(data) >= TABLE_OFFSET + TABLE_SIZE and looks_like_table(data[TABLE_OFFSET:])


def has_table_elsewhere(data):
    """§8.1: such a file is a dump whose table is not where it was looked for."""
    for at in range(PAGE_SIZE, len(data) - TABLE_SIZE + 1, PAGE_SIZE):
        if at != TABLE_OFFSET and looks_like_table(data[at:at + RECORD_SIZE]):
            with contextlib.suppress(Refused):
                parse_table(data[at:at + TABLE_SIZE])
                return True
    return False


def open_dump(dump, keys=(), table_offset=TABLE_OFFSET):
    """Each NVS partition of a dump with its reading (or why there is none) and the key that opened it.
    The key page of the dump counts as one of the keys (§5.1: the first one)."""
    partitions, _ = parse_table(dump[table_offset:table_offset + TABLE_SIZE])
    keys = list(keys)
    for one in partitions:
        if (one.type, one.subtype) == (TYPE_DATA, SUBTYPE_NVS_KEYS):
            own = key_of_page(dump[one.offset:one.offset + one.size])
            keys += [own] if own else []
            break
    opened = []
    for one in partitions:
        if (one.type, one.subtype) != (TYPE_DATA, SUBTYPE_NVS):
            continue
        try:
            opened.append((one, *open_partition(partition_bytes(dump, one), keys)))
        except Refused as refused:
            opened.append((one, refused, None))
    if not opened:
        raise Refused("table", "no NVS partition")
    return opened


def open_places(data, places, keys=()):
    """As open_dump(), of a file without a table: (offset, reading, key) for each (offset, size). Any key page in it counts."""
    sectors = [data[at:at + PAGE_SIZE] for at in range(0, len(data), PAGE_SIZE)]
    keys = [*keys, *(key for key in map(key_of_page, sectors) if key)]
    opened = []
    for offset, size in places:
        if offset + size > len(data):
            raise Refused("cut", f"0x{offset + size:X} lies behind the end")
        opened.append((offset, *open_partition(data[offset:offset + size], keys)))
    return opened


# --- the program -----------------------------------------------------------------------------------------------------------------


def value_text(value):
    if value.data is None:
        return None
    if value.type in NUMBERS:
        return str(struct.unpack("<" + NUMBERS[value.type], value.data)[0])
    return value.data.hex()


def describe(reading, key):
    if isinstance(reading, Refused):
        return {"refused": reading.kind, "text": str(reading)}
    return {
        "encrypted": key is not None,
        "entries": {"written": reading.written, "decoded": reading.decoded},
        "pages": {"in_use": reading.pages_in_use, "blank": reading.pages_blank},
        "findings": reading.counts,
        "namespaces": {index: name.decode("latin-1") for index, name in reading.names.items()},
        "items": [{"namespace": value.namespace, "key": value.key.decode("latin-1"), "damaged": value.damaged,
                   "type": TYPE_NAMES.get(value.type, f"0x{value.type:02X}"), "value": value_text(value)}
                  for value in reading.values],
    }


def key_of_file(path):
    with open(path, "rb") as file:
        data = file.read()
    key = data if len(data) == KEY_SIZE else key_of_page(data)
    if key is None:
        raise Refused("key", f"{path} holds no key")
    return key


def main(arguments):
    parser = argparse.ArgumentParser(description="reads an NVS image or a flash dump, as docs/FORMAT.md describes them")
    parser.add_argument("file")
    parser.add_argument("--key", action="append", default=[], help="a key page or 64 bytes")
    parser.add_argument("--hmac-key", action="append", default=[], help="32 bytes")
    options = parser.parse_args(arguments)
    try:
        keys = [key_of_file(path) for path in options.key]
        keys += [derived_key(open(path, "rb").read()) for path in options.hmac_key]
        with open(options.file, "rb") as file:
            data = file.read()
        if is_dump(data):
            result = {one.name.decode("latin-1"): describe(reading, key) for one, reading, key in open_dump(data, keys)}
        else:
            result = describe(*open_partition(data, keys))
    except (Refused, OSError) as problem:
        print(f"{options.file}: {problem}", file=sys.stderr)
        return 1
    print(json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
