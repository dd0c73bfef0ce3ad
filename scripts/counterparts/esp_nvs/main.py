#!/usr/bin/env python3
"""nvsafe's store and esp-nvs (crates.io), taking turns on one image with random operations.

  main.py --store FILE --peer FILE [--seed N] [--count N] [--only N] [--self-test]

--store is tests/counterparts/store_operations.cpp, --peer the program of src/; scripts/counterparts/esp_nvs.sh builds
both. A list of operations is a test. After each turn both engines mount the image, and each must list exactly what a
plain map holds. Of a list that fails, build/counterparts/failed_esp_nvs keeps the image before and after the turn, and
what was sent.
The last line is
  esp-nvs: N tests passed, M failed
"""

import argparse
import collections
import pathlib
import shutil
import sys
import tempfile
import time

import self_test
from engine import Broken, Engine
from lists import List, Mismatch

FAILED = pathlib.Path(__file__).resolve().parents[3] / 'build' / 'counterparts' / 'failed_esp_nvs'
COUNT = 300
# A run of that many lists that does not have all of these proves little.
MUST_BE_SEEN = ('lists with collections', 'lists that want too many namespaces', 'erased keys looked for') + tuple(
    f'{name}: {what}' for name in ('nvsafe', 'esp-nvs') for what in ('values of several pages', 'full', 'too-long')
)
ACCEPTED_SHARE_MIN = 0.75  # of the sets, by each engine


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--store', required=True)
    parser.add_argument('--peer', required=True)
    parser.add_argument('--seed', default=1, type=int)
    parser.add_argument('--count', default=COUNT, type=int, help=f'number of lists (default {COUNT})')
    parser.add_argument('--only', type=int, help='the number of one list')
    parser.add_argument('--self-test', action='store_true', help='prove that faults are seen')
    return parser.parse_args()


def keep(number, one_list):
    """Leaves what the failed turn began with, what was sent to each engine, and the image as it is now."""
    folder = FAILED / str(number)
    folder.mkdir(parents=True)
    for image in (one_list.image, one_list.image_before):
        if image.exists():
            shutil.copy(image, folder)
    for engine in one_list.engines:
        text = '\n'.join(engine.sent) + '\n'
        (folder / f'{engine.name}.txt').write_text(text.replace(str(one_list.image), 'before.bin'), encoding='utf-8')
        engine.stop()
    return folder


def compare(options, engines, folder):
    shutil.rmtree(FAILED, ignore_errors=True)
    passed, failed, seen, started = 0, 0, collections.Counter(), time.monotonic()
    numbers = range(options.count) if options.only is None else [options.only]
    for number in numbers:
        one_list = List(options.seed, number, engines, folder)
        try:
            one_list.run()
            passed += 1
        except (Mismatch, Broken) as problem:
            failed += 1
            print(f'failed: list {number}: {problem}')
            print(f'  kept: {keep(number, one_list)}')
            print(f'  again: scripts/counterparts/esp_nvs.sh --seed {options.seed} --only {number}', flush=True)
        seen += one_list.seen
    print(f'esp-nvs: {len(numbers)} lists in {time.monotonic() - started:.0f} s')
    for what, count in sorted(seen.items()):
        print(f'  {what}: {count}')
    if len(numbers) >= COUNT:
        missing = find_missing(seen)
        for what in missing:
            print(f'failed: {what}')
        passed, failed = passed + (not missing), failed + bool(missing)
    print(f'esp-nvs: {passed} tests passed, {failed} failed')
    return 1 if failed or not passed else 0


def find_missing(seen):
    missing = [f'this did not happen in any list: {what}' for what in MUST_BE_SEEN if not seen[what]]
    for name in ('nvsafe', 'esp-nvs'):
        sets, refused = seen[f'{name}: sets'], seen[f'{name}: full'] + seen[f'{name}: too-long']
        if sets - refused < ACCEPTED_SHARE_MIN * sets:
            missing.append(f'{name} refused {refused} of {sets} sets')
    return missing


def prove(engines, folder):
    seen, unseen = self_test.run(engines, folder)
    for fault in unseen:
        print(f'error: not told apart: {fault}', file=sys.stderr)
    print(f'esp-nvs self-test: {seen} tests passed, {len(unseen)} failed')
    return 1 if unseen else 0


def main():
    options = read_arguments()
    engines = [Engine('nvsafe', options.store), Engine('esp-nvs', options.peer)]
    memory = pathlib.Path('/dev/shm')
    with tempfile.TemporaryDirectory(prefix='nvsafe-esp-nvs-', dir=memory if memory.is_dir() else None) as folder:
        try:
            run = prove if options.self_test else lambda *rest: compare(options, *rest)
            sys.exit(run(engines, pathlib.Path(folder)))
        finally:
            for engine in engines:
                engine.stop()


if __name__ == '__main__':
    main()
