"""eFuses burned by esptool's espefuse in its virtual file, and by nvsafe (tests/counterparts/efuse_operations.cpp).

For each chip keys and fuses are drawn that both can burn. Then must be the same:
  - what espefuse's file holds, and what nvsafe has after burning the same;
  - what espefuse's summary as JSON tells, read by nvsafe;
  - what espefuse's summary says of the file that nvsafe writes.
A key that the chip takes in no such block must be refused by both. Runs for half a second per process of espefuse, so each chip is one case.
"""

import concurrent.futures
import json
import os
import random
import subprocess
import sys

from runs import Outcome

CHIPS = ['esp32', 'esp32s2', 'esp32c3', 'esp32s3', 'esp32c2', 'esp32c6', 'esp32h2', 'esp32p4', 'esp32c61', 'esp32c5']
RESTRICTED = ['esp32c3', 'esp32s3', 'esp32c6', 'esp32h2']  # no key for flash encryption in KEY5
WITH_HMAC = ['esp32s2', 'esp32c3', 'esp32s3', 'esp32c6', 'esp32h2', 'esp32p4', 'esp32c5']
WITH_XTS_256 = ['esp32s2', 'esp32s3', 'esp32p4']
# What goes with the keys, and fuses that the revision which espefuse emulates may not have.
NOT_DRAWN = ['WR_DIS', 'RD_DIS', 'XTS_KEY_LENGTH_256', 'XTS_DPA_PSEUDO_LEVEL', 'CODING_SCHEME']
WIDTHS = {'FLASH_CRYPT_CNT': 7, 'SPI_BOOT_CRYPT_CNT': 3, 'FLASH_CRYPT_CONFIG': 4}


class Failed(Exception):
    """A step that has to work did not."""


def espefuse(chip, file, *words, may_fail=False):
    command = [sys.executable, '-m', 'espefuse', '--chip', chip, '--virt', '--path-efuse-file', file, '--do-not-confirm']
    ran = subprocess.run([*command, *map(str, words)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if ran.returncode != 0 and not may_fail:
        raise Failed(f'espefuse {" ".join(map(str, words))}: exit status {ran.returncode}: {ran.stdout}{ran.stderr}')
    return ran


def operate(program, lines):
    ran = subprocess.run([program], input='\n'.join(lines) + '\n', capture_output=True, text=True)
    answers = ran.stdout.splitlines()
    if ran.returncode != 0 or len(answers) != len(lines):
        raise Failed(f'{program}: exit status {ran.returncode}, {len(answers)} answers to {len(lines)} lines')
    return answers


def must_operate(program, lines):
    for line, answer in zip(lines, operate(program, lines)):
        if answer != 'ok':
            raise Failed(f'{program}: {line}: {answer}')


def random_keys(draw, chip):
    """A list of (names of espefuse, index, purpose, key): which keys are burned, all with the same protection."""
    if chip == 'esp32':
        return [
            (['flash_encryption'], 0, 'XTS_AES_128_KEY', draw.randbytes(32)),
        ] + [(['BLOCK3'], 2, 'USER', draw.randbytes(32))] * draw.randrange(2)
    if chip == 'esp32c2':
        if draw.random() < 0.5:
            return [(['BLOCK_KEY0', 'XTS_AES_128_KEY'], 0, 'XTS_AES_128_KEY', draw.randbytes(32))]
        derived = 'XTS_AES_128_KEY_DERIVED_FROM_128_EFUSE_BITS'
        keys = [(['BLOCK_KEY0', derived], 0, 'XTS_AES_128_KEY', draw.randbytes(16))]
        digest = (['BLOCK_KEY0', 'SECURE_BOOT_DIGEST'], 0, 'SECURE_BOOT_DIGEST0', draw.randbytes(32))
        return keys + [digest] * draw.randrange(2)
    blocks = draw.sample(range(5), 3)
    purposes = ['USER', draw.choice(['SECURE_BOOT_DIGEST0', 'SECURE_BOOT_DIGEST2'])]
    if chip in WITH_HMAC:
        purposes += ['HMAC_UP', 'HMAC_DOWN_ALL', 'HMAC_DOWN_JTAG']
    chosen = ['XTS_AES_128_KEY', *draw.sample(purposes, 2)]
    keys = [
        ([f'BLOCK_KEY{block}', purpose], block, purpose, draw.randbytes(32)) for block, purpose in zip(blocks, chosen)
    ]
    if chip in WITH_XTS_256 and draw.random() < 0.7:
        # First, so that espefuse and we look for the second block among the same free ones.
        keys[0] = ([f'BLOCK_KEY{blocks[0]}', 'XTS_AES_256_KEY'], blocks[0], 'XTS_AES_256_KEY_1', draw.randbytes(64))
        return keys[:1]
    return keys


def random_fuses(draw, nvsafe, chip, folder):
    """Fuses that show knows on that chip, and bits for them."""
    blank = folder / 'blank'
    blank.write_bytes(bytes(288 if chip == 'esp32' else 512))
    shown = subprocess.run([*nvsafe, 'show', '--json', '--chip', chip, blank], capture_output=True, check=True)
    names = [name for name in json.loads(shown.stdout)['files'][0]['fuses'] if name not in NOT_DRAWN]
    return {name: draw.randrange(1, 1 << WIDTHS.get(name, 1)) for name in draw.sample(names, len(names) * 2 // 3)}


def own_form(program, chip, file, folder):
    """An eFuse file in nvsafe's JSON, as text."""
    out = folder / (file.name + '.own')
    must_operate(program, [f'read {chip} {file}', f'own {out}'])
    return out.read_text(encoding='utf-8')


def summary(chip, file, folder):
    out = folder / (file.name + '.summary')
    ran = espefuse(chip, file, 'summary', '--format', 'json')
    out.write_text(ran.stdout, encoding='utf-8')
    return out


def compare_chip(seed, chip, program, nvsafe, folder, change):
    """What is not the same, as a list. CHANGE is for the self-test: it may spoil the file that nvsafe made."""
    folder.mkdir(parents=True)
    draw = random.Random(f'{seed} {chip}')
    keys = random_keys(draw, chip)
    fuses = random_fuses(draw, nvsafe, chip, folder)
    is_open = draw.random() < 0.5
    options = [] if not is_open else ['--no-protect-key'] if chip == 'esp32' else ['--no-read-protect', '--no-write-protect']
    theirs, ours = folder / 'theirs', folder / 'ours'

    words = []
    lines = [f'new {chip}']
    for number, (names, index, purpose, key) in enumerate(keys):
        path = folder / f'key{number}'
        path.write_bytes(key)
        words += [names[0], path, *names[1:]]
        # espefuse always protects a purpose, and a digest that is no secret it never hides.
        protection = 'p' if is_open else 'rwp'
        if chip == 'esp32' and purpose == 'USER':
            protection = '-' if is_open else 'w'
        lines.append(f'key {index} {purpose} {key.hex()} {protection}')
    espefuse(chip, theirs, 'burn-key', *words, *options)
    espefuse(chip, theirs, 'burn-efuse', *[word for name, bits in fuses.items() for word in (name, bits)])
    lines += ['burn', *[f'fuse {name} {bits}' for name, bits in fuses.items()], 'burn', f'virtual {ours}']
    must_operate(program, lines)
    ours.write_bytes(change(ours.read_bytes()))

    found = []
    their_summary, our_summary = summary(chip, theirs, folder), summary(chip, ours, folder)
    wanted = own_form(program, chip, ours, folder)
    if own_form(program, chip, theirs, folder) != wanted:
        found.append("espefuse's file holds other eFuses than nvsafe burned")
    if own_form(program, chip, their_summary, folder) != wanted:
        found.append("espefuse's summary tells other eFuses than nvsafe burned")
    if their_summary.read_text(encoding='utf-8') != our_summary.read_text(encoding='utf-8'):
        found.append('espefuse tells of the file of nvsafe otherwise than of its own')
    return found


def compare_refusal(chip, program, folder):
    folder.mkdir(parents=True)
    key = folder / 'key'
    key.write_bytes(bytes(range(32)))
    is_refused = espefuse(
        chip, folder / 'theirs', 'burn-key', 'BLOCK_KEY5', key, 'XTS_AES_128_KEY', may_fail=True
    ).returncode
    answer = operate(program, [f'new {chip}', f'key 5 XTS_AES_128_KEY {key.read_bytes().hex()} rwp'])[-1]
    if bool(is_refused) == (answer != 'ok') == (chip in RESTRICTED):
        return []
    return [f'KEY5 with a key for flash encryption: exit status {is_refused} of espefuse, {answer!r} of nvsafe']


def compare_efuses(seed, program, nvsafe, tally, work, repeat, change=lambda data: data, chips=CHIPS):
    if not program.exists():
        raise SystemExit(f'error: {program} is not built; make counterparts builds it')

    def run(chip):
        folder = work / f'efuses-{chip}'
        try:
            found = compare_chip(seed, chip, program, nvsafe, folder, change)
            if chip not in ('esp32', 'esp32c2'):
                found += compare_refusal(chip, program, folder / 'refused')
        except Failed as reason:
            found = [str(reason)]
        return chip, found, {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for chip, found, files in pool.map(run, chips):
            name = f'efuses/{CHIPS.index(chip)}'
            tally.count(name, found, repeat(name), [chip], files=files, outcomes={'ours': Outcome(0)})
