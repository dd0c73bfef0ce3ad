#!/usr/bin/env python3
"""bench-counterparts: how many times faster the stand-ins are than the originals, both as processes, in one run.

  bench.py [--nvsafe FILE] [--runs N] [--check]

Each round runs the original and ours once, one after the other; the medians are divided. The last column divides processor
time, which a busy machine changes less. Before that both must have written the same bytes. --check: exit status 1 if a ratio
of elapsed time is below its target. Not for CI: a busy machine decides nothing.

gen_esp32part itself is not on PyPI. The line with esp-idf-defs measures an extract of it, without its arguments and messages;
the line "at least" only what any run of gen_esp32part does first: Python starts and imports what gen_esp32part imports.
"""

import argparse
import os
import pathlib
import random
import shutil
import statistics
import sys
import time
from dataclasses import dataclass

import environment
import sound

EXTRACT = '''import sys
from esp_idf_defs.partitions import PartitionTable
with open(sys.argv[1], 'rb') as source:
    table, _ = PartitionTable.from_file(source)
table.verify(0x8000)
with open(sys.argv[2], 'wb') as target:
    target.write(table.to_binary())
'''
TABLE = '''# Name, Type, SubType, Offset, Size, Flags
nvs, data, nvs, 0x9000, 0x6000,
phy_init, data, phy, , 0x1000,
factory, app, factory, , 1M,
ota_0, app, ota_0, , 1M,
ota_1, app, ota_1, , 1M,
otadata, data, ota, , 0x2000,
nvs_keys, data, nvs_keys, , 0x1000, encrypted
storage, data, fat, , 512K,
'''


@dataclass
class Work:
    """One thing that both do. {out}: where the result goes."""

    name: str
    target: int
    original: list
    ours: list
    is_whole: bool = True  # The original writes a result too.


def write_settings(folder):
    rng = random.Random('bench')
    rows = ['key,type,encoding,value', 'space,namespace,,']
    rows += [f'number{n},data,u32,{rng.getrandbits(32)}' for n in range(200)]
    rows += [f'text{n},data,string,{"x" * rng.randrange(10, 60)}' for n in range(80)]
    rows += [f'blob{n},data,hex2bin,{rng.randbytes(rng.randrange(10, 100)).hex()}' for n in range(25)]
    (folder / 'settings.csv').write_text('\n'.join(rows) + '\n')
    (folder / 'blob').write_bytes(rng.randbytes(20000))
    (folder / 'full.csv').write_text(
        '\n'.join(['key,type,encoding,value', 'space,namespace,,', *(f'blob{n},file,binary,blob' for n in range(50))])
        + '\n'
    )
    (folder / 'key.bin').write_bytes(sound.key_page(rng))
    (folder / 'partitions.csv').write_text(TABLE)
    (folder / 'extract.py').write_text(EXTRACT)


def works(nvsafe):
    python = [str(environment.PYTHON)]
    generator = [*python, '-m', 'esp_idf_nvs_partition_gen'], [nvsafe, 'as', 'nvs_partition_gen']

    def generating(name, target, *arguments):
        return Work(name, target, [*generator[0], *arguments], [*generator[1], *arguments])

    encrypt = ('--inputkey', 'key.bin')
    table = [nvsafe, 'as', 'gen_esp32part', '-q', 'partitions.csv', '{out}']
    return [
        generating('nvs_partition_gen generate 24 KiB', 15, 'generate', 'settings.csv', '{out}', '0x6000'),
        generating('nvs_partition_gen encrypt 24 KiB', 15, 'encrypt', 'settings.csv', '{out}', '0x6000', *encrypt),
        generating('nvs_partition_gen encrypt 1 MiB', 50, 'encrypt', 'full.csv', '{out}', '0x100000', *encrypt),
        Work('gen_esp32part, as esp-idf-defs', 10, [*python, 'extract.py', 'partitions.csv', '{out}'], table),
        Work(
            'gen_esp32part, at least',
            10,
            [*python, '-c', 'import argparse, codecs, hashlib, os, re, struct, sys'],
            table,
            False,
        ),
    ]


def seconds(command, output, quiet):
    """Runs COMMAND once; what it prints goes to QUIET. Returns (elapsed time, processor time)."""
    words = [output if word == '{out}' else word for word in command]
    into_quiet = [(os.POSIX_SPAWN_DUP2, quiet, 1), (os.POSIX_SPAWN_DUP2, quiet, 2)]
    started = time.perf_counter()
    _, status, used = os.wait4(os.posix_spawn(words[0], words, os.environ, file_actions=into_quiet), 0)
    elapsed = time.perf_counter() - started
    if status != 0:
        sys.exit(f'error: exit status {os.waitstatus_to_exitcode(status)}: {" ".join(words)}')
    return elapsed, used.ru_utime + used.ru_stime


def measure(work, runs, quiet):
    """The medians (elapsed, processor) of the original and of ours."""
    seconds(work.original, 'original.bin', quiet)
    seconds(work.ours, 'ours.bin', quiet)
    if work.is_whole and pathlib.Path('original.bin').read_bytes() != pathlib.Path('ours.bin').read_bytes():
        sys.exit(f'error: {work.name}: the results differ')
    pairs = [
        (seconds(work.original, 'original.bin', quiet), seconds(work.ours, 'ours.bin', quiet)) for _ in range(runs)
    ]
    return [[statistics.median(times) for times in zip(*side)] for side in zip(*pairs)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--nvsafe', default=environment.ROOT / 'build' / 'release' / 'nvsafe', type=pathlib.Path)
    parser.add_argument('--runs', default=9, type=int)
    parser.add_argument('--check', action='store_true', help='exit status 1 if a ratio is below its target')
    options = parser.parse_args()
    if pathlib.Path(sys.prefix) != environment.VENV:
        environment.run_inside(pathlib.Path(__file__).resolve(), sys.argv[1:])
    folder = environment.BUILD / 'bench'
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_settings(folder)
    nvsafe = str(options.nvsafe.resolve())
    os.chdir(folder)
    quiet = os.open(os.devnull, os.O_WRONLY)
    slow = 0
    print(
        f'{"median of " + str(options.runs) + " processes":36}{"original":>12}{"nvsafe":>12}{"ratio":>8}{"target":>8}{"processor":>11}'
    )
    for work in works(nvsafe):
        (original, original_busy), (ours, ours_busy) = measure(work, options.runs, quiet)
        slow += original / ours < work.target
        print(
            f'{work.name:36}{original * 1000:9.1f} ms{ours * 1000:9.1f} ms{original / ours:8.1f}{work.target:8}'
            f'{original_busy / ours_busy:11.1f}',
            flush=True,
        )
    if options.check and slow:
        sys.exit(f'error: {slow} below target')


if __name__ == '__main__':
    main()
