#!/usr/bin/env python3
"""counterparts: nvsafe's stand-ins against the originals from PyPI, on random input.

  main.py [--nvsafe FILE] [--seed N] [--count N] [--only csv/12] [--self-test]

Makes build/counterparts/venv if it is not there (environment.py) and goes on under its Python. Each comparison is a test:
  csv/N     a random CSV and command line of nvs_partition_gen (sound.py): same exit status, same files, same bytes;
            and of each encrypted image, that ours decrypts the original's and the original ours
  wrong/N   the same with one thing wrong (unsound.py): same exit status, and nothing left behind
  keys/N    generate-key
  table/N   a random partition table, CSV or binary, and options of gen_esp32part (tables.py)
  espsecure/N  a flash-encryption key file of esptool's espsecure (keys.py)
  efuses/N  random keys and fuses of chip N, burned by espefuse and by nvsafe (efuses.py)
A failure keeps input and output in build/counterparts/failed, and says how to run it again. The last line is
  counterparts: N tests passed, N failed
"""

import argparse
import pathlib
import shutil
import sys
import time

import environment

COUNTS = {'csv': 2000, 'wrong': 640, 'keys': 60, 'table': 500, 'espsecure': 2, 'efuses': 10}


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--nvsafe', default=environment.ROOT / 'build' / 'release' / 'nvsafe', type=pathlib.Path)
    parser.add_argument(
        '--efuse-operations',
        default=environment.ROOT / 'build' / 'release' / 'efuse_operations',
        type=pathlib.Path,
        help='tests/counterparts/efuse_operations.cpp, built',
    )
    parser.add_argument('--seed', default=1, type=int)
    parser.add_argument(
        '--count', type=int, help=f'number of CSVs (default {COUNTS["csv"]}); the other groups shrink and grow with it'
    )
    parser.add_argument('--only', default='', help='one case, such as csv/12, or one group, such as wrong')
    parser.add_argument('--self-test', action='store_true', help='prove that faults are seen')
    return parser.parse_args()


def numbers_of(group, options):
    """The numbers of the cases of GROUP that shall run."""
    wanted, _, number = options.only.partition('/')
    if wanted and wanted != group:
        return range(0)
    if number:
        return range(int(number), int(number) + 1)
    share = 1 if options.count is None else options.count / COUNTS['csv']
    return range(max(round(COUNTS[group] * share), 1))


def compare_images(options, nvsafe, tally, work, repeat):
    import sound
    import unsound
    from images import Images
    from runs import Module, Process

    images = Images(
        Module('esp_idf_nvs_partition_gen.nvs_partition_gen'),
        Process([*nvsafe, 'as', 'nvs_partition_gen']),
        tally,
        work,
        repeat,
    )
    for group, make in (('csv', sound.random_case), ('wrong', unsound.random_case), ('keys', sound.random_key_case)):
        images.seen.clear()
        started = time.monotonic()
        numbers = numbers_of(group, options)
        images.compare_all(make(options.seed, number) for number in numbers)
        if numbers:
            seen = f'{images.seen["images"]} built, {images.seen["refused"]} refused by the original, {images.seen["decrypted"]} decrypted'
            print(f'{group}: {len(numbers)} cases in {time.monotonic() - started:.0f} s: {seen}', flush=True)


def compare_tables(options, nvsafe, tally, work, repeat):
    import tables
    from runs import Process

    numbers = numbers_of('table', options)
    if numbers:
        seen = tables.compare_tables(
            options.seed, numbers, tables.Extract(), Process([*nvsafe, 'as', 'gen_esp32part']), tally, work, repeat
        )
        print(
            f'table: {len(numbers)} cases: {seen["tables"]} written, {seen["refused"]} refused by the original',
            flush=True,
        )


def compare_efuses(options, nvsafe, tally, work, repeat):
    import efuses

    numbers = numbers_of('efuses', options)
    if numbers:
        started = time.monotonic()
        chips = [efuses.CHIPS[number] for number in numbers if number < len(efuses.CHIPS)]
        program = options.efuse_operations.resolve()
        efuses.compare_efuses(options.seed, program, nvsafe, tally, work, repeat, chips=chips)
        print(f'efuses: {len(chips)} chips in {time.monotonic() - started:.0f} s', flush=True)


def compare(options):
    import keys
    from compare import Tally

    tally = Tally(environment.BUILD / 'failed')
    shutil.rmtree(tally.folder, ignore_errors=True)
    nvsafe = [str(options.nvsafe.resolve())]

    def repeat(name):
        return f'scripts/counterparts/main.py --seed {options.seed} --only {name}'

    with environment.work_folder() as work:
        compare_images(options, nvsafe, tally, work, repeat)
        compare_tables(options, nvsafe, tally, work, repeat)
        if numbers_of('espsecure', options):
            keys.compare_key_files(nvsafe, tally, work, repeat)
        compare_efuses(options, nvsafe, tally, work, repeat)
    print(f'counterparts: {tally.passed} tests passed, {tally.failed} failed')
    return 1 if tally.failed or not tally.passed else 0


def self_test(options):
    import self_test as tests
    import tables
    from runs import Module

    seen, unseen = tests.run(
        Module('esp_idf_nvs_partition_gen.nvs_partition_gen'),
        tables.Extract(),
        options.efuse_operations.resolve(),
        [str(options.nvsafe.resolve())],
    )
    for fault in unseen:
        print(f'error: not told apart: {fault}', file=sys.stderr)
    print(f'counterparts self-test: {seen} tests passed, {len(unseen)} failed')
    return 1 if unseen else 0


def main():
    options = read_arguments()
    if pathlib.Path(sys.prefix) != environment.VENV:
        environment.run_inside(pathlib.Path(__file__).resolve(), sys.argv[1:])
    sys.exit(self_test(options) if options.self_test else compare(options))


if __name__ == '__main__':
    main()
