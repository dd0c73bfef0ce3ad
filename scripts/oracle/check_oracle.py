#!/usr/bin/env python3
"""Compares what nvsafe and the oracle (nvs_oracle.py) read from every image that the tests made. docs/ORACLE.md.

  check_oracle.py --program build/release/nvsafe FOLDER   FOLDER: what NVSAFE_KEEP_IMAGES=FOLDER made the tests keep;
                                                          --made N: and N images of made_images.py
  check_oracle.py --program build/release/nvsafe --self-test

One test is an image under one key, or a partition table. Nothing is left out: what cannot be compared is counted by name. The last
line is "oracle: N tests passed, M failed".
"""
import argparse
import base64
import collections
import concurrent.futures
import contextlib
import copy
import dataclasses
import hashlib
import json
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import made_images
import nvs_oracle as oracle

EXIT_KEY, EXIT_BAD_INPUT = 4, 3
FAILURES_SHOWN = 20
# They tell which copy of an item stepped back, which docs/FORMAT.md leaves open; the values that result are compared.
FINDINGS_NOT_COMPARED = {"NVS-D009", "NVS-D013", "NVS-D014", "NVS-D019"}
FINDINGS_BY_ENTRIES = {"NVS-D011", "NVS-D016"}  # one finding has the count of a page
FINDING_COUNT_MAX = 1024  # docs/FINDINGS.md: more are not listed


@dataclasses.dataclass
class Task:
    """One image and one key; `expects`: what the test that made the image saw of it."""
    program: str
    path: str
    flag: str = ""
    key: bytes = b""
    key_file: str = ""
    expects: dict | None = None

    @property
    def name(self):
        return f"{self.path} {self.flag} {self.key_file}".rstrip()


# --- what nvsafe says ------------------------------------------------------------------------------------------------------------


def run(program, *arguments):
    ran = subprocess.run([program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return ran.returncode, ran.stdout, ran.stderr.decode(errors="replace").strip()


def read_by_program(task):
    """("read", partitions, text) or ("refused", exit status, text)"""
    key = [task.flag, task.key_file] if task.flag else []
    status, out, err = run(task.program, "ls", "--json", "--show-secrets", task.path, *key)
    if status in (0, 1) and out:
        return "read", json.loads(out)["partitions"], err
    return "refused", status, err


def bytes_of_json(value):
    """A value of nvsafe's JSON as it lies in flash; a number that is none, what is damaged and what has no value are words."""
    if value.get("damaged"):
        return "damaged"
    if value["value"] is None:
        return "no value"
    code = next((code for code in oracle.NUMBERS if oracle.TYPE_NAMES[code] == value["type"]), None)
    if code is not None:
        number = float(value["value"]) if oracle.NUMBERS[code] in "fd" else int(value["value"])
        return "NaN" if number != number else struct.pack("<" + oracle.NUMBERS[code], number)
    data = base64.b64decode(value["value"], validate=True) if value["encoding"] == "base64" else value["value"].encode()
    # A string's NUL is left out (docs/CLI.md); `bytes` tells whether there was one.
    return data + b"\0" if value["type"] == "string" and len(data) == value["bytes"] - 1 else data


def items_of_program(partition):
    items = []
    for value in partition["keys"]:
        namespace = value["path"].split("/")[0] if value["namespace"] is None else value["namespace"]
        items.append((namespace, value["key"], value["type"], value["bytes"], bytes_of_json(value)))
    return sorted(items, key=repr)


def findings_of_program(partition):
    counts = collections.Counter()
    for finding in partition["findings"]:
        counts[finding["code"]] += finding["count"] if finding["code"] in FINDINGS_BY_ENTRIES else 1
    return counts


# --- what the oracle says --------------------------------------------------------------------------------------------------------


def keys_of(task):
    if not task.key:
        return []
    return [oracle.derived_key(task.key) if task.flag == "--hmac-key" else task.key]


def is_text(key):
    """docs/CLI.md: keys are bytes, and text is refused."""
    return bool(key) and all(0x20 <= byte < 0x7F for byte in key)


def read_by_oracle(data, keys):
    """("read", [(name, address, reading, key)]) or ("refused", kind, text)"""
    try:
        if oracle.is_dump(data):
            return read_dump(data, keys, oracle.TABLE_OFFSET)
        if not oracle.is_image(data):
            raise oracle.Refused("page", "no page of NVS")
        return "read", [(None, None, *oracle.open_partition(data, keys))]
    except oracle.Refused as refused:
        return "refused", refused.kind, str(refused)


def read_dump(data, keys, table_offset):
    opened = oracle.open_dump(data, keys, table_offset)
    for _, reading, _ in opened:
        if isinstance(reading, oracle.Refused):
            raise reading
    return "read", [(text_of(one.name), one.offset, reading, key) for one, reading, key in opened]


def text_of(name):
    return name.decode("utf-8", "replace")  # as nvsafe's JSON has it


def items_of_oracle(reading):
    items = []
    for value in reading.values:
        namespace = text_of(reading.names.get(value.namespace, b"")) or f"?{value.namespace}"
        data = "damaged" if value.damaged else "no value" if value.data is None else value.data
        if value.type in oracle.NUMBERS and oracle.value_text(value) == "nan":
            data = "NaN"
        items.append((namespace, text_of(value.key), oracle.TYPE_NAMES.get(value.type, f"0x{value.type:02x}"), value.size, data))
    return sorted(items, key=repr)


# Where nvsafe has found something that the oracle does not look for. There the oracle reads as it reads elsewhere.
TABLE_ELSEWHERE = re.compile("^note: .*; the one at (0x[0-9a-f]+) is used$", re.MULTILINE)
PLACES = re.compile("(?:; found by its pages|; read without it): (.*)$", re.MULTILINE)
PLACE = re.compile("(0x[0-9a-f]+) [(]([0-9]+) pages?[)]")


def read_where_found(data, keys, text):
    """None: nvsafe says nothing of this kind; or (theirs, what of it is nvsafe's word)"""
    if table := TABLE_ELSEWHERE.search(text):
        return read_with_table(data, keys, int(table[1], 16)), "tables that are not at 0x8000: which of several"
    if not (found := PLACES.search(text)):
        return None
    places = [(int(one[1], 16), int(one[2]) * oracle.PAGE_SIZE) for one in PLACE.finditer(found[1])]
    return read_places(data, keys, places), "files without a table: which pages are one partition"


def read_with_table(data, keys, offset):
    if oracle.is_dump(data):
        with contextlib.suppress(oracle.Refused):
            oracle.parse_table(data[oracle.TABLE_OFFSET:oracle.TABLE_OFFSET + oracle.TABLE_SIZE])
            return "refused", "table", "the one at 0x8000 is sound"
    try:
        return read_dump(data, keys, offset)
    except oracle.Refused as refused:
        return "refused", refused.kind, str(refused)


def read_places(data, keys, places):
    for at in range(0, len(data), oracle.PAGE_SIZE):
        if oracle.is_page(data[at:at + oracle.PAGE_SIZE]) and not any(offset <= at < offset + size for offset, size in places):
            return "refused", "place", f"nvsafe leaves out the page at 0x{at:X}"
    try:
        return "read", [(hex(offset), offset, reading, key) for offset, reading, key in oracle.open_places(data, places, keys)]
    except oracle.Refused as refused:
        return "refused", refused.kind, str(refused)


# --- the comparison --------------------------------------------------------------------------------------------------------------


def difference(ours, theirs):
    """None, or what nvsafe (`ours`) and the oracle (`theirs`) do not have in common."""
    if ours[0] != theirs[0]:
        tell = lambda side: f"refuses: {side[1:]}" if side[0] == "refused" else "reads"
        return f"nvsafe {tell(ours)}; the oracle {tell(theirs)}"
    if ours[0] == "refused":
        expected = EXIT_KEY if theirs[1] == "key" else EXIT_BAD_INPUT
        return None if ours[1] == expected else f"nvsafe: exit status {ours[1]}, {ours[2]}; the oracle: {theirs[1:]}"
    if len(ours[1]) != len(theirs[1]):
        return f"nvsafe reads {len(ours[1])} partitions, the oracle {len(theirs[1])}"
    for partition, (name, address, reading, key) in zip(ours[1], theirs[1]):
        problem = difference_of_partition(partition, name, address, reading, key)
        if problem:
            return problem
    return None


def is_universal_key(partition, key):
    """What nvsafe calls so; by another name, of a file or a key page, where it was given the key or found it."""
    name = str(partition["key"])
    is_named_otherwise = partition["key"] is not None and not name.startswith("the universal key")
    return key in oracle.UNIVERSAL_KEYS if is_named_otherwise else name.startswith("the universal key")


def difference_of_partition(partition, name, address, reading, key):
    facts = [("partition", partition["partition"], name), ("address", partition["address"], address),
             ("encrypted", partition["encrypted"], key is not None),
             ("universal key", is_universal_key(partition, key), key in oracle.UNIVERSAL_KEYS),
             ("written entries", partition["entries_written"], reading.written),
             ("decoded entries", partition["entries_decoded"], reading.decoded)]
    for what, left, right in facts:
        if left != right:
            return f"{what}: nvsafe {left}, the oracle {right}"
    left, right = items_of_program(partition), items_of_oracle(reading)
    if left != right:
        only = lambda one, other: list((collections.Counter(one) - collections.Counter(other)).elements())[:3]
        return f"items: only nvsafe {only(left, right)}; only the oracle {only(right, left)}"
    if len(partition["findings"]) >= FINDING_COUNT_MAX:
        return None
    findings = findings_of_program(partition)
    for code in sorted((findings.keys() | reading.counts.keys()) - FINDINGS_NOT_COMPARED):
        if findings[code] != reading.counts.get(code, 0):
            return f"{code}: nvsafe {findings[code]}, the oracle {reading.counts.get(code, 0)}"
    return None


def what_is_not_compared(ours):
    """Counts by name for the summary."""
    seen = collections.Counter()
    if ours[0] != "read":
        return seen
    for partition in ours[1]:
        for _, _, _, _, data in items_of_program(partition):
            seen["values that are NaN: which NaN"] += data == "NaN"
        seen["names that are no UTF-8: which bytes"] += sum("\ufffd" in value["key"] + str(value["namespace"]) for value in partition["keys"])
        if len(partition["findings"]) >= FINDING_COUNT_MAX:
            seen["partitions with more findings than are listed: the findings"] += 1
            continue
        for finding in partition["findings"]:
            if finding["code"] in FINDINGS_NOT_COMPARED:
                seen[f"findings {finding['code']}: how many"] += 1
    return seen


def difference_of_engine(data, expects):
    """What the store said when the test itself opened the image, without a key."""
    try:
        reading = oracle.read_partition(data)
        found = {"opens": not reading.written or reading.decoded > 0, "written": reading.written, "decoded": reading.decoded}
    except oracle.Refused:
        found = {"opens": False}
    seen = {name: expects[name] for name in found}
    return None if seen == found else f"in the test: {seen}; the oracle: {found}"


def check_image(task):
    """(problem or None, outcome, what is not compared)"""
    data = pathlib.Path(task.path).read_bytes()
    ours = read_by_program(task)
    if is_text(task.key):
        return None if ours[:2] == ("refused", EXIT_BAD_INPUT) else f"a key as text: {ours[:2]}", "refused: a key as text", {}
    theirs, words = read_by_both(data, keys_of(task), ours)
    if ours[0] == "read" and theirs[:2] == ("refused", "cut"):
        # nvsafe goes on with what is left, and warns; the oracle has no rule for that.
        return None, "cut within a partition", collections.Counter({"files cut within a partition or page: what is left": 1})
    problem = difference(ours, theirs)
    if not problem and task.expects:
        problem = difference_of_engine(data, task.expects)
    not_compared = what_is_not_compared(ours) + collections.Counter(words)
    return problem, "read" if theirs[0] == "read" else f"refused: {theirs[1]}", not_compared


def read_by_both(data, keys, ours):
    """What the oracle reads, of what it refuses by itself where nvsafe found it; and what was taken from nvsafe for that."""
    theirs = read_by_oracle(data, keys)
    if theirs[0] == "refused" and (found := read_where_found(data, keys, ours[2])):
        return found[0], [found[1]]
    return theirs, []


# --- partition tables ------------------------------------------------------------------------------------------------------------


def rows_of_oracle(partitions):
    rows = []
    for one in partitions:
        kind = oracle.TYPE_WORDS.get(one.type, f"0x{one.type:02x}")
        subtype = oracle.SUBTYPE_WORDS.get(one.type, {}).get(one.subtype, f"0x{one.subtype:02x}")
        rows.append({"name": text_of(one.name), "type": kind, "subtype": subtype, "address": one.offset, "size": one.size,
                     "encrypted": bool(one.flags & oracle.FLAG_ENCRYPTED), "readonly": bool(one.flags & oracle.FLAG_READONLY)})
    return rows


def check_table(task):
    data = pathlib.Path(task.path).read_bytes()
    at = 0 if oracle.looks_like_table(data) else oracle.TABLE_OFFSET
    raw = data[at:at + oracle.TABLE_SIZE]
    status, out, err = run(task.program, "table", "--json", task.path)
    try:
        partitions, has_digest = oracle.parse_table(raw)
    except oracle.Refused as refused:
        return None if status == EXIT_BAD_INPUT else f"table: nvsafe: exit status {status}; the oracle: {refused}", "table refused", {}
    if status != 0:
        # Rules for rows (FORMAT.md §7.3) are nvsafe's alone.
        is_rule = status == EXIT_BAD_INPUT and not out
        return None if is_rule else f"table: exit status {status}: {err}", "table read", {"tables refused by a rule for rows: the rows": 1}
    ours, theirs = json.loads(out)["partitions"], rows_of_oracle(partitions)
    if ours != theirs:
        return f"table: only nvsafe {[row for row in ours if row not in theirs]}; only the oracle " \
               f"{[row for row in theirs if row not in ours]}", "table read", {}
    encoded = oracle.encode_table(partitions, has_digest)
    return None if encoded == raw else "table: the oracle encodes it to other bytes", "table read", {}


# --- all of a folder -------------------------------------------------------------------------------------------------------------


def tasks_of(program, folder):
    """Every image of the folder once with each of its keys and without one; equal images count once."""
    keys_folder = folder / "keys"
    keys_folder.mkdir(exist_ok=True)
    images, tables, file_count = {}, {}, 0
    # Those of the stand-ins are what the originals write, in their own ways; their recorded runs judge them.
    for about_path in sorted(path for path in folder.glob("*.json") if not path.name.startswith("test_standin.")):
        about = json.loads(about_path.read_text())
        path = about_path.with_suffix(".bin")
        data = path.read_bytes()
        digest = hashlib.sha256(data).digest()
        file_count += 1
        images.setdefault((digest, "", ""), Task(program, str(path), expects=about["engine"]))
        for flag, keys in (("--keys", about["keys"]), ("--hmac-key", about["hmac_keys"])):
            for key in map(bytes.fromhex, keys):
                key_file = keys_folder / hashlib.sha256(key).hexdigest()[:16]
                key_file.write_bytes(key)
                images.setdefault((digest, flag, key), Task(program, str(path), flag, key, str(key_file)))
        if oracle.looks_like_table(data) or oracle.is_dump(data):
            tables.setdefault(digest, Task(program, str(path)))
    return list(images.values()), list(tables.values()), file_count


def write_made_images(folder, count):
    for seed in range(count):
        image, key = made_images.made_image(seed)
        path = folder / f"made.{seed:05}.bin"
        path.write_bytes(image)
        path.with_suffix(".json").write_text(json.dumps(
            {"test": "made_images", "made_by": f"seed {seed}", "keys": [key.hex()] if key else [], "hmac_keys": [], "engine": None}))


def check_folder(program, folder, all_failures):
    images, tables, file_count = tasks_of(program, folder)
    print(f"oracle: {file_count} files, {len(images)} images with a key or without, {len(tables)} partition tables")
    failed, outcomes, not_compared = [], collections.Counter(), collections.Counter()
    with concurrent.futures.ProcessPoolExecutor() as pool:
        for check, tasks in ((check_image, images), (check_table, tables)):
            for task, (problem, outcome, seen) in zip(tasks, pool.map(check, tasks, chunksize=16)):
                outcomes[outcome] += 1
                not_compared.update(seen)
                if problem:
                    failed.append(f"FAILED {task.name}\n    {problem}")
    for text in failed if all_failures else failed[:FAILURES_SHOWN]:
        print(text)
    for outcome, count in sorted(outcomes.items()):
        print(f"  {outcome}: {count}")
    for what, count in sorted((+not_compared).items()):
        print(f"  not compared in {count} {what}")
    return len(images) + len(tables), len(failed)


# --- faults that must be reported ------------------------------------------------------------------------------------------------


KEY = bytes(range(64))


def sample(key=KEY):
    """Both pages have an item of the same name; the blob has two chunks of one size."""
    pages = made_images.Pages(3)
    pages.start(oracle.FULL, 4)
    pages.put(*made_images.number(0, 0x01, b"one", 1))          # entry 0
    pages.put(*made_images.number(0, 0x01, b"two", 2))          # 1
    pages.put(*made_images.number(1, 0x01, b"level", 200))      # 2
    pages.put(*made_images.number(1, 0x04, b"twice", 1))        # 3
    pages.put(*made_images.with_data(1, oracle.STRING, b"text", b"some text\0"))         # 4, 5
    pages.put(*made_images.with_data(2, oracle.BLOB_DATA, b"blob", b"A" * 32, 0x80))     # 6, 7
    pages.put(*made_images.with_data(2, oracle.BLOB_DATA, b"blob", b"B" * 32, 0x81))     # 8, 9
    pages.put(*made_images.blob_index(2, b"blob", 64, 2, 0x80))                          # 10
    pages.start(oracle.ACTIVE, 5)
    pages.put(*made_images.number(1, 0x04, b"twice", 2))
    return pages.encrypted(key)


def offset_of(entry):
    return oracle.ENTRIES_OFFSET + entry * oracle.ENTRY_SIZE


def flipped(image, at):
    out = bytearray(image)
    out[at] ^= 1
    return bytes(out)


def resealed(image, number, **changes):
    """The image with fields of an entry changed, its CRC made anew and all encrypted again."""
    at, cipher, out = offset_of(number), oracle.Xts(KEY), bytearray(image)
    entry, is_right = oracle.parse_entry(cipher.decrypt(at, image[at:at + 32]))
    assert is_right, number
    out[at:at + 32] = cipher.encrypt(at, made_images.encode_entry(dataclasses.replace(entry, **changes)))
    return bytes(out)


@contextlib.contextmanager
def replaced(owner, name, value):
    kept = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, kept)


def faults_of_images(image):
    """What happened to the image between nvsafe and the oracle."""
    swapped = resealed(resealed(image, 6, chunk=0x81), 8, chunk=0x80)
    erased = bytearray(image)
    erased[oracle.BITMAP_OFFSET] &= ~(3 << 4)  # entry 2
    page = lambda number: image[number * oracle.PAGE_SIZE:(number + 1) * oracle.PAGE_SIZE]
    head = lambda state, sequence: made_images.page_header(state, sequence, 0xFE)
    return {
        "a bit of a string": flipped(image, offset_of(5)),
        "a bit of an entry's CRC": flipped(image, offset_of(2) + 20),
        "a bit of a page header": flipped(image, 28),
        "another type": resealed(image, 2, type=0x11),
        "another namespace index": resealed(image, 2, namespace=2),
        "another key": resealed(image, 2, key_field=made_images.key_field(b"levee")),
        "another span": resealed(image, 2, span=2),
        "another number": resealed(image, 2, data=b"\xc9" + b"\xff" * 7),
        "chunks in the other order": swapped,
        "another chunk start": resealed(image, 10, data=struct.pack("<IBBH", 64, 2, 0x00, 0xFFFF)),
        "an entry erased": bytes(erased),
        "the older page as the newer one": head(oracle.FULL, 6) + page(0)[32:] + page(1) + page(2),
        "a page freeing": head(oracle.FREEING, 4) + page(0)[32:] + page(1) + page(2),
        "a newer page version": made_images.page_header(oracle.FULL, 4, 0xFD) + image[32:],
        "a cut image": image[:-1],
    }


def faults_of_oracle():
    """What the oracle itself does wrong."""
    decrypt = oracle.Xts.decrypt
    return {
        "tweaks from the start of the page": (oracle.Xts, "decrypt", lambda self, at, data: decrypt(self, at % oracle.PAGE_SIZE, data)),
        "tweaks that count entries": (oracle.Xts, "decrypt", lambda self, at, data: decrypt(self, at + 32, data)),
        "a plain CRC-32": (oracle, "nvs_crc", lambda data: oracle.zlib.crc32(data)),
        "oldest copy first": (oracle, "pick_values", lambda reading, items, pick=oracle.pick_values: pick(reading, items[::-1])),
        "marks from the highest bits": (oracle, "marks_of", lambda page, marks=oracle.marks_of: marks(page)[::-1]),
        "an item left out": (oracle, "pick_values", lambda reading, items, pick=oracle.pick_values: pick(reading, items[:-1])),
    }


def faults_of_program(ours):
    """What nvsafe says wrong."""
    def changed(change):
        partitions = copy.deepcopy(ours[1])
        change(partitions[0])
        return "read", partitions

    value = lambda partition, key: next(one for one in partition["keys"] if one["key"] == key)
    return {
        "another value": changed(lambda partition: value(partition, "level").update(value="201")),
        "another text": changed(lambda partition: value(partition, "text").update(value="some test")),
        "a value hidden": changed(lambda partition: value(partition, "text").update(value=None)),
        "a key dropped": changed(lambda partition: partition["keys"].pop()),
        "a key twice": changed(lambda partition: partition["keys"].append(partition["keys"][0])),
        "another size": changed(lambda partition: value(partition, "blob").update(bytes=63)),
        "a finding that is none": changed(lambda partition: partition["findings"].append({"code": "NVS-D012", "count": 1})),
        "a plain image": changed(lambda partition: partition.update(encrypted=False)),
        "a refusal": ("refused", EXIT_KEY, "made up"),
        "no partition": ("read", []),
    }


def self_test(program):
    missed = []
    count = 0

    def expect(what, problem, is_fault=True):
        nonlocal count
        count += 1
        if bool(problem) != is_fault:
            missed.append(f"FAILED {what}: {problem}")

    with tempfile.TemporaryDirectory() as folder:
        image, key_file = pathlib.Path(folder, "image"), pathlib.Path(folder, "key")
        image.write_bytes(sample())
        key_file.write_bytes(KEY)
        task = Task(program, str(image), "--keys", KEY, str(key_file))
        ours = read_by_program(task)
        theirs = read_by_oracle(image.read_bytes(), [KEY])
        expect("the sound image", difference(ours, theirs), is_fault=False)
        for what, changed in faults_of_images(image.read_bytes()).items():
            expect(what, difference(ours, read_by_oracle(changed, [KEY])))
        for what, replacement in faults_of_oracle().items():
            with replaced(*replacement):
                expect(what, difference(ours, read_by_oracle(image.read_bytes(), [KEY])))
        for what, said in faults_of_program(ours).items():
            expect(what, difference(said, theirs))
        wrong = read_by_oracle(image.read_bytes(), [KEY[::-1]])
        expect("halves of the key swapped", difference(ours, read_by_oracle(image.read_bytes(), [KEY[32:] + KEY[:32]])))
        expect("a wrong key", difference(("refused", EXIT_KEY, ""), wrong), is_fault=False)
        expect("a wrong key with another exit status", difference(("refused", EXIT_BAD_INPUT, ""), wrong))
        expect("a count of the test itself",
               difference_of_engine(made_images.made_image(0)[0], {"opens": True, "written": 1, "decoded": 0}))
        expect_tables(program, folder, expect)
        expect_found(program, folder, expect)
    print("\n".join(missed + [f"oracle, self-test: {count - len(missed)} tests passed, {len(missed)} failed"]))
    return 1 if missed else 0


def expect_tables(program, folder, expect):
    partitions = [oracle.Partition(b"nvs", 1, 2, 0x9000, 0x6000, 0), oracle.Partition(b"keys", 1, 4, 0xF000, 0x1000, 1)]
    table = pathlib.Path(folder, "table")
    table.write_bytes(oracle.encode_table(partitions))
    task = Task(program, str(table))
    expect("a sound table", check_table(task)[0], is_fault=False)
    with replaced(oracle, "RECORD", struct.Struct("<HBBI16sII")):
        expect("records with fields at other places", attempt(check_table, task))
    with replaced(oracle, "DIGEST_MAGIC", 0xEBEC):
        expect("no digest known", attempt(check_table, task))
    with replaced(oracle, "SUBTYPE_WORDS", {}):
        expect("subtypes without words", attempt(check_table, task))
    table.write_bytes(flipped(table.read_bytes(), 85))  # of the digest
    expect("a wrong digest, for both", check_table(task)[0], is_fault=False)


def expect_found(program, folder, expect):
    """What nvsafe reads where others would look for nothing."""
    file = pathlib.Path(folder, "found")
    nvs, noise = sample(), bytes(range(1, 252)) * 50
    partition = oracle.Partition(b"nvs", 1, 2, 0x12000, len(nvs), 0)
    table = oracle.encode_table([partition]).ljust(oracle.PAGE_SIZE, b"\xff")
    key_file = pathlib.Path(folder, "key")

    def compare(what, data, keys, change=lambda said: said, changed_data=None, is_fault=True):
        file.write_bytes(data)
        task = Task(program, str(file), *(("--keys", KEY, str(key_file)) if keys else ()))
        said = read_by_program(task)
        theirs, _ = read_by_both(changed_data or data, keys, (said[0], said[1], change(said[2])))
        expect(what, difference(said, theirs), is_fault)

    carved = noise[:0x3000] + nvs + noise[:0x1000]
    compare("pages without a table", carved, [KEY], is_fault=False)
    compare("pages without a table and a key", carved, [], is_fault=False)
    compare("a place that is none", carved, [KEY], lambda text: text.replace("0x3000", "0x2000"))
    compare("fewer pages", carved, [KEY], lambda text: text.replace("(2 pages)", "(1 page)"))
    compare("no word of a place", carved, [KEY], lambda text: "")
    compare("a bit of a carved entry", carved, [KEY], changed_data=flipped(carved, 0x3000 + offset_of(5)))
    elsewhere = b"\xff" * 0x10000 + table + noise[:0x1000] + nvs
    compare("a table elsewhere", elsewhere, [KEY], is_fault=False)
    compare("a table that is none", elsewhere, [KEY], lambda text: text.replace("0x10000", "0x11000"))
    at_its_place = elsewhere[:0x8000] + table + elsewhere[0x9000:]
    expect("a table elsewhere, and a sound one", read_with_table(at_its_place, [KEY], 0x10000)[0] == "refused")
    universal = sample(oracle.UNIVERSAL_KEYS[0])
    compare("a universal key", universal, [], is_fault=False)
    with replaced(oracle, "UNIVERSAL_KEYS", (KEY,)):
        compare("another universal key", universal, [])


def attempt(check, task):
    try:
        return check(task)[0]
    except (TypeError, AttributeError, struct.error) as problem:
        return str(problem)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--made", type=int, default=0, metavar="N")
    parser.add_argument("--all-failures", action="store_true")
    parser.add_argument("folder", type=pathlib.Path, nargs="?")
    options = parser.parse_args(arguments)
    if options.self_test:
        return self_test(options.program)
    if options.folder is None or not any(options.folder.glob("*.json")):
        print(f"oracle: no images in {options.folder}\noracle: 0 tests passed, 1 failed")
        return 1
    write_made_images(options.folder, options.made)
    count, failed = check_folder(options.program, options.folder, options.all_failures)
    print(f"oracle: {count - failed} tests passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
