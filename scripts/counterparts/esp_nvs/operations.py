"""Random operations, and the plain map that both engines are held against."""

import dataclasses

NUMBERS = {'u8': 1, 'i8': 1, 'u16': 2, 'i16': 2, 'u32': 4, 'i32': 4, 'u64': 8, 'i64': 8}
STRING_SIZE_MAX = 3999  # without its NUL: 125 entries in all
CHUNK_SIZE_MAX = 4000
ENTRY_SIZE = 32
ENTRIES_PER_PAGE = 126
NAMESPACE_COUNT_MAX = 254
LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-.:/%äß€漢😀'
# esp-nvs takes ASCII names only.
NAME_LETTERS = ''.join(chr(code) for code in range(0x20, 0x7F))


@dataclasses.dataclass(frozen=True)
class Operation:
    verb: str  # set or erase
    space: bytes
    key: bytes
    kind: str = ''
    value: bytes = b''

    @property
    def path(self):
        return self.space, self.key

    @property
    def arguments(self):
        return (*self.path, self.kind, self.value) if self.verb == 'set' else self.path


def entry_count(kind, size):
    """Entries that a value takes when every chunk but the last is full."""
    if kind in NUMBERS:
        return 1
    if kind == 'string':
        return 1 + -(-(size + 1) // ENTRY_SIZE)
    chunks = max(-(-size // CHUNK_SIZE_MAX), 1)
    return 1 + chunks + -(-size // ENTRY_SIZE)


class Model:
    """What the partition should hold: (namespace, key) -> (type, value)."""

    def __init__(self, page_count):
        self.values = {}
        self.room = (page_count - 1) * ENTRIES_PER_PAGE  # one page stays free
        self.spaces = set()  # every one that there ever was: an empty one stays until its number is needed

    def apply(self, operation):
        if operation.verb == 'set':
            self.spaces.add(operation.space)
            self.values[operation.path] = (operation.kind, operation.value)
        else:
            self.values.pop(operation.path, None)

    def changes(self, operation):
        new = (operation.kind, operation.value) if operation.verb == 'set' else None
        return self.values.get(operation.path) != new

    def has_items(self, wanted):
        return any(space == wanted for space, _ in self.values)

    def used(self):
        """Entries in use when no blob has a chunk more than it needs. Perhaps too many for namespaces."""
        names = min(len(self.spaces), NAMESPACE_COUNT_MAX)
        return names + sum(entry_count(kind, len(value)) for kind, value in self.values.values())

    def used_max(self):
        """The same when every blob was begun at the end of a page, which takes a chunk more."""
        return self.used() + sum(kind == 'blob' and len(value) > ENTRY_SIZE for kind, value in self.values.values())

    def lines(self):
        """As an engine lists it, in any order."""
        return sorted(
            f'item {space.hex()} {key.hex()} {kind} {value.hex() or "-"}'
            for (space, key), (kind, value) in self.values.items()
        )


class Source:
    """The operations of one list. The mix, the number of names and how full the partition gets differ."""

    def __init__(self, random, page_count, model, is_crowded):
        self.random, self.model, self.room = random, model, model.room
        self.kinds = random.choice(
            (['number'], ['string'], ['blob'], ['number', 'string'], ['number', 'string', 'blob', 'blob'])
        )
        self.blob_size_max = (page_count - 1) * CHUNK_SIZE_MAX
        self.fill = random.choice((0.2, 0.5, 0.8, 0.95, 1.1))
        if is_crowded:
            self.kinds = ['number']
        self.spaces = [self.name() for _ in range(400 if is_crowded else random.choice((1, 2, 3, 8, 40)))]
        self.names = [self.name() for _ in range(random.choice((3, 10, 60)))]

    def name(self):
        size = self.random.choice((1, 2, 8, 14, 15))
        return ''.join(self.random.choices(NAME_LETTERS, k=size)).encode()

    def next(self):
        held = list(self.model.values)
        if held and self.random.random() < self.erase_share():
            return Operation('erase', *self.random.choice(held))
        if held and self.random.random() < 0.5:
            space, key = self.random.choice(held)
        else:
            space, key = self.random.choice(self.spaces), self.random.choice(self.names)
        if self.random.random() < 0.05:
            return Operation('erase', space, key)
        if (space, key) in self.model.values and self.random.random() < 0.1:
            return Operation('set', space, key, *self.model.values[space, key])
        return Operation('set', space, key, *self.value())

    def erase_share(self):
        return 0.5 if self.model.used() > self.fill * self.room else 0.1

    def value(self):
        kind = self.random.choice(self.kinds)
        if kind == 'number':
            kind = self.random.choice(list(NUMBERS))
            edge = self.random.choice((b'\x00', b'\xff', None))
            return kind, edge * NUMBERS[kind] if edge else self.random.randbytes(NUMBERS[kind])
        if kind == 'string':
            return kind, self.text(self.size(STRING_SIZE_MAX))
        return kind, self.random.randbytes(self.size(self.blob_size_max))

    def size(self, largest):
        """Small ones, those around a whole number of entries or chunks, the largest, and one more than that."""
        draw = self.random.random()
        if draw < 0.5:
            return self.random.randint(0, 100)
        if draw < 0.7:
            return max(self.random.randint(0, 20) * ENTRY_SIZE + self.random.randint(-2, 1), 0)
        if draw < 0.8:
            edge = self.random.randint(1, 15) * CHUNK_SIZE_MAX + self.random.randint(-33, 33)
            return min(edge, largest)
        if draw < 0.98:
            return self.random.randint(0, min(largest, int(self.random.choice((1000, 4000, 10000)))))
        return largest + self.random.randint(0, 1)

    def text(self, size):
        """Of exactly that many bytes as UTF-8."""
        text = ''.join(self.random.choices(LETTERS, k=size)).encode()[:size].decode(errors='ignore').encode()
        return text + b'x' * (size - len(text))
