// The words of every finding code. docs/FINDINGS.md is made of them.
#include <algorithm>
#include <array>

#include "doctor/finding.hpp"

namespace nvsafe::doctor {
namespace {

using enum Code;
constexpr auto kError = FindingSeverity::kError;
constexpr auto kWarning = FindingSeverity::kWarning;
constexpr auto kNote = FindingSeverity::kNote;

constexpr CodeText kTexts[] = {
    {kWipedByMount, kError, "wiped by a mount that could not read",
     "every entry, or nearly every one, is marked erased, and under a key at hand, or as plain text, they still "
     "decode: firmware "
     "mounted the partition with another key, with one where it was plain, or without one where it was encrypted.",
     "answered ESP_OK at that start, and answers 0x1102 for every key since. A page keeps the old bytes until it is "
     "collected.",
     "keep the device off, take a dump, and let `nvsafe recover` bring back what the entries held. Then put the right "
     "key in place "
     "before the next start."},
    {kKeyPageInClear, kError, "key page in the clear under flash encryption",
     "the page in `nvs_keys` is a right one in the raw flash, and flash encryption is on. The chip reads the partition "
     "through its "
     "decryption, which makes noise of it: the page was written without `--encrypt`.",
     "answers `ESP_ERR_NVS_CORRUPT_KEY_PART` (0x1117). Up to ESP-IDF 5.1 that is all. From 5.2 on `nvs_flash_init()` "
     "erases the "
     "page and makes new keys, and with those it erases every entry of the partition.",
     "keep the device off. Write the same page again with `esptool write-flash --encrypt` (development mode), or "
     "encrypt it with "
     "the flash key first: `nvsafe flash-encrypt keys.bin --flash-key fe.bin --address OFFSET`."},
    {kUniversalKey, kWarning, "universal key",
     "the NVS keys are those that every device makes which has no flash encryption at that moment: a constant that "
     "anybody knows.",
     "works with them as with any others.",
     "`nvsafe rekey` gives the partition keys of its own; switch flash encryption on, or use the HMAC scheme, before "
     "keys are made."},
    {kKeyPageErased, kError, "encrypted, and the key page is blank",
     "NVS holds encrypted entries, and `nvs_keys` is erased: the image was written without its keys, or they were "
     "erased.",
     "answers `ESP_ERR_NVS_KEYS_NOT_INITIALIZED` (0x1116) to the call that reads keys; `nvs_flash_init()` makes new "
     "keys instead, "
     "mounts with them and erases every entry.",
     "write the key page before the device starts. `nvsafe keys match` finds it among key files."},
    {kNoKeyOpens, kError, "no key at hand opens it",
     "entries are marked written, and none of them decodes, neither plain nor with a key at hand.",
     "with the same keys takes every entry for damaged and erases it when it mounts; from 6.0.1 on it overwrites it "
     "with zeros.",
     "keep the device off. Try more keys: `nvsafe keys match FILE DIR`. Keys from eFuse (HMAC) cannot be read out of a "
     "chip."},
    {kNvsFlashEncrypted, kError, "NVS written through flash encryption",
     "the NVS partition has no page header in the clear, and its pages appear when flash encryption is taken off: the "
     "table gives it "
     "the flag `encrypted`, or the image was encrypted for the chip before it was written. NVS does its own "
     "encryption.",
     "answers `ESP_ERR_NVS_WRONG_ENCRYPTION` (0x1119) where the table has the flag; otherwise it sees no page, takes "
     "the partition "
     "for empty, and every key is 0x1102.",
     "take the flag off the table row, and write the image as it is, without `--encrypt`. `nvsafe extract` takes it "
     "out decrypted."},
    {kNoFreePage, kWarning, "no free page",
     "every page is in use. Firmware keeps one blank, to collect into. Expected in a partition that the table marks "
     "`readonly`.",
     "answers `ESP_ERR_NVS_NO_FREE_PAGES` (0x110D), and many programs then erase the partition.",
     "`nvsafe compact` makes an image with free pages of the same content; `--size` a larger one, with a larger "
     "partition in the table."},
    {kPageHeaderDamaged, kError, "page header damaged",
     "the CRC of a page header is wrong, or its state word is none. The count says how many of its entries decode "
     "nevertheless.",
     "treats the page as free, ignores its entries and erases it when it needs a page.",
     "keep the dump. `nvsafe repair` brings the page back with its valid entries."},
    {kBlobIncomplete, kError, "blob incomplete",
     "a blob index names a chunk that is not there, or the sizes do not add up.",
     "deletes the index, and then the chunks. Some releases cause it, too: a blob update that fails in the middle "
     "loses the old value.",
     "nothing if an older, complete copy is there: nvsafe reads that one. Else the value is lost; write it again."},
    {kLostToRelease, kError, "sound values that this release erases",
     "values are written in a form that the firmware's release does not know, such as float and double before 6.1, and "
     "that it erases "
     "instead of leaving them.",
     "erases them when it mounts: 5.5 and 6.0 those of an unknown type, from 6.0.1 on with zeros; 5.1 and 5.3 keep "
     "them.",
     "start the device with 6.1 or newer, or store such values as blobs. `nvsafe preflight` lists the keys."},
    {kEntryUndecodable, kError, "entries that do not decode",
     "entries are marked written and their CRC is wrong under the key that opened the partition. The count is per "
     "page.",
     "marks them erased when it mounts; from ESP-IDF 6.0.1 on it also overwrites them with zeros.",
     "do not start the device. Try more keys: `nvsafe keys match FILE DIR` shows how many entries each one decodes. If "
     "another key "
     "opens some, the partition was written with two."},
    {kDataDamaged, kError, "data damaged",
     "the header of a string, blob or chunk is right, and its data do not match their CRC.",
     "erases it at the first read and answers 0x1102, not found.",
     "take the value from a backup. `get` says that the value is damaged (exit status 1) instead of printing it."},
    {kItemSuperseded, kNote, "older copy still live",
     "a key was written anew, and the old copy is not erased yet: power was cut in between. The count is the old "
     "copy's entries.",
     "erases the old copy if the new one is the last item written, and else keeps both.",
     "nothing. nvsafe reads the newest complete one."},
    {kChunkOrphaned, kWarning, "orphaned chunk",
     "blob data that no blob index names: what an update leaves that was cut, before or after the new index. A chunk "
     "that is newer "
     "than the index of its blob is one too: the value before it is given.",
     "erases it when it mounts.", "nothing."},
    {kEntryTorn, kWarning, "torn entry", "an entry is marked empty and is not blank: power was cut before its mark.",
     "erases the entry, but notices only when its first four bytes changed.",
     "nothing; the value before is what counts."},
    {kStateIllegal, kWarning, "illegal marks",
     "an entry has the state 01, which no writer leaves: a mark was being changed when power was cut, or bits have "
     "flipped.",
     "erases such an entry.", "look whether a value is missing."},
    {kEntryFaulty, kError, "faulty entry",
     "the CRC of an entry is right, and it makes no sense: span 0, past the page or not what the size needs; a chunk "
     "index where none "
     "belongs, or none; a blob of more chunks than 127 or more bytes than they hold; a key of 16 bytes; namespace 255. "
     "The program that "
     "wrote it is at fault, not the flash: the stock generator writes several of these and exits 0.",
     "erases an entry with a wrong span or chunk index when it mounts; a key of 16 bytes it takes as it is.",
     "build the image anew; `nvsafe build` does not write such entries."},
    {kNamespaceUndefined, kError, "namespace undefined",
     "items belong to a namespace index that no entry defines. One finding per index; `ls` shows `?7` as name of "
     "namespace 7.",
     "keeps them, and no name leads to them; its iterator shows them under the namespace of another item.",
     "look for the page that held the definition (NVS-D008, NVS-D011)."},
    {kNamespaceTwice, kWarning, "namespace defined twice", "two indexes for one name, or two names for one index.",
     "takes the older one, so items under the other index are out of reach.",
     "list the keys; read the others out with `ls`, which shows every index."},
    {kTypeUnknown, kNote, "unknown type",
     "a value of a type that nvsafe does not know. It is kept, listed as `0x99` and not shown.",
     "from 5.5 to 6.0 erases types that it does not know, which for it are float and double too; 5.1 and 5.3 keep "
     "them.",
     "look for a newer nvsafe."},
    {kPageFreeing, kNote, "collection not finished",
     "a page is marked freeing: its live entries were being moved when power was cut. Some are there twice (NVS-D013).",
     "finishes the work when it mounts. If the *erase* of that page was cut, it can put damaged entries in the place "
     "of whole ones.",
     "nothing if there is no error beside it; `nvsafe repair` finishes it."},
    {kPageDirty, kWarning, "dirty page",
     "a page is marked empty, and is not blank: an erase or the first write of its header was cut.",
     "erases it when it needs it.", "nothing."},
    {kSequenceTwice, kWarning, "sequence number twice",
     "two pages have the same sequence number, so which of two copies is newer is not certain. Firmware never writes "
     "this.",
     "takes them in some order.", "see whether the dump was put together from two devices or two times."},
    {kItemTorn, kWarning, "torn item",
     "a header is marked written, and some of its data entries are not: power was cut while it was written or erased.",
     "erases the rest of it.", "nothing; the value before is what counts."},
    {kZeroedByMount, kError, "wiped and overwritten by a mount that could not read",
     "every entry is marked erased and holds zeros: as NVS-D001, with firmware from ESP-IDF 6.0.1 on, which overwrites "
     "what it drops.",
     "answered ESP_OK at that start, and answers 0x1102 for every key since.",
     "nothing brings the values back from this flash: `nvsafe import` puts a backup in. Put the right key in place "
     "first."},
    {kKeyPageDamaged, kError, "key page damaged",
     "`nvs_keys` is not blank, and holds no key page, neither in the clear nor through flash encryption with a key at "
     "hand: its CRC is "
     "wrong, or it was cut. The stock generator takes a damaged key file without a word.",
     "answers `ESP_ERR_NVS_CORRUPT_KEY_PART` (0x1117); from 5.2 on `nvs_flash_init()` makes new keys, and erases every "
     "entry with them.",
     "write the right page. Without the flash key it may be one that only the chip can read: add `--flash-key` or "
     "`--efuses`."},
    {kKeyPageNotForChip, kError, "key page encrypted, and flash encryption is off",
     "the page in `nvs_keys` becomes a right one through flash encryption, and on this chip flash encryption is off: "
     "it was written with "
     "`--encrypt`, or the dump is of another chip.",
     "answers `ESP_ERR_NVS_CORRUPT_KEY_PART` (0x1117); from 5.2 on `nvs_flash_init()` makes new keys, and erases every "
     "entry with them.",
     "write the page without `--encrypt`; the first start with flash encryption encrypts it."},
    {kFlashKeyAsKeyPage, kError, "flash encryption key written as key page",
     "`nvs_keys` begins with 32 or 64 bytes and no CRC behind them: a flash encryption key, or bare NVS keys, was "
     "written where a key "
     "page belongs.",
     "answers `ESP_ERR_NVS_CORRUPT_KEY_PART` (0x1117); from 5.2 on it erases the page and then every entry.",
     "`nvsafe keys wrap` makes a page of 64 bare key bytes. A flash encryption key never belongs into flash."},
    {kKeysElsewhere, kError, "the keys lie where firmware does not look",
     "a key page in the dump opens NVS, and it does not lie in the first `nvs_keys` partition: it was written to "
     "another address, or the "
     "table has two such partitions and firmware takes the first.",
     "reads the first `nvs_keys` partition only. What is there decides: blank, damaged, or another key, and then every "
     "entry is erased.",
     "take the page out with `nvsafe extract` and write it to the address of the first `nvs_keys` partition."},
    {kNvsMissing, kError, "no such NVS partition",
     "the table has no partition of type data, subtype nvs, with that name.",
     "answers `ESP_ERR_NOT_FOUND` (0x105) to `nvs_flash_init()`, and `ESP_ERR_NVS_PART_NOT_FOUND` (0x110F) to an open.",
     "add the row to the table, or name the partition that is there in `nvs_flash_init_partition()`."},
    {kNvsKeysMissing, kError, "no nvs_keys partition",
     "the firmware encrypts NVS with keys in flash, and the table has no partition of subtype `nvs_keys` (not "
     "`nvs_key`).",
     "gives ESP_FAIL (-1) up to 5.1, and `ESP_ERR_INVALID_ARG` (0x102) from 5.2 on. Nothing is lost.",
     "add a row `nvs_keys, data, nvs_keys, , 0x1000, encrypted`, or use the HMAC scheme."},
    {kTableProblem, kError, "partition table", "a row breaks a rule of partition tables, or one that NVS has.",
     "refuses the table, or starts and meets the consequences at the partition.",
     "`nvsafe table FILE` names line and column."},
    {kHmacKeyMissing, kError, "no HMAC key in the slot",
     "the firmware derives its NVS keys from an HMAC key in eFuse, and the block is empty or has another purpose than "
     "HMAC_UP.",
     "answers `ESP_ERR_NVS_SEC_HMAC_KEY_NOT_FOUND` (0xF001) to the call that reads keys; `nvs_flash_init()` burns a "
     "new key into an "
     "empty block, and erases every entry that was written with another one. A block with another purpose is 0xF002.",
     "burn the key that the image was made for before the first start, with the purpose HMAC_UP."},
    {kHmacKeyReadable, kWarning, "HMAC key readable",
     "the HMAC key block is not read-protected: whoever talks to the chip reads it.", "works.",
     "set the read protection of the block. After RD_DIS is write-protected, as secure boot leaves it, that is too "
     "late."},
    {kReadProtectLocked, kWarning, "read protection locked",
     "RD_DIS is write-protected, as secure boot leaves it, so that no key block can be read-protected any more.",
     "that makes its HMAC key by itself leaves it readable, or fails.",
     "burn and protect the HMAC key before secure boot is switched on."},
    {kMountedPlain, kError, "encrypted, and mounted without keys",
     "the partition is encrypted, and the firmware is built without NVS encryption, or opens it without the secure "
     "call.",
     "takes every entry for damaged and erases it: ESP_OK, `used entries: 1`, every key 0x1102.",
     "keep the device off. Build the firmware with CONFIG_NVS_ENCRYPTION, and open a custom partition with "
     "`nvs_flash_secure_init_partition()`; or `nvsafe decrypt` makes a plain image."},
    {kMountedEncrypted, kError, "plain, and mounted with keys",
     "the partition is plain, and the firmware has NVS encryption on: what happens to every device in the field that "
     "gets it by update.",
     "takes every entry for damaged and erases it: ESP_OK, and every key 0x1102.",
     "keep the device off. `nvsafe encrypt` makes the same content encrypted, with the device's key."},
    {kPlainSecrets, kNote, "secrets in the clear",
     "a plain partition holds Wi-Fi credentials or values whose names say that they are secret.",
     "reads them as anybody with the flash in hand does.", "`nvsafe encrypt`; then keep this dump as a secret, too."},
    {kResidue, kNote, "secrets in erased entries", "erased entries still hold values that can be read.",
     "leaves them until the page is collected.", "`nvsafe wipe` overwrites them."},
    {kReadableKeys, kNote, "the dump opens its own encryption",
     "a readable key page lies in the same file: whoever has the file has the values.",
     "reads it as anybody does, until flash encryption is on.", "keep the file as a secret."},
    {kWearHigh, kWarning, "wear",
     "the pages have been taken into use so often that a sector may be near the cycles that flash is made for.",
     "does not count erases, and notices nothing until a sector fails.",
     "write less often, or give NVS a larger partition: `nvsafe stat` shows the bounds."},
    {kPagesOutside, kWarning, "NVS pages behind the partition",
     "right behind the end of the partition lie pages that continue its sequence numbers: the table was changed to a "
     "smaller size.",
     "does not see them, so that their keys are 0x1102, and may answer 0x110D.",
     "give the row its old size back; or `nvsafe ls FILE:OFFSET+SIZE` reads the whole."},
    {kNewVersion, kError, "page of an unknown version",
     "a page has a version that no ESP-IDF release up to 6.1 writes.",
     "answers `ESP_ERR_NVS_NEW_VERSION_FOUND` (0x1110), and many programs then erase the partition.",
     "is it really NVS? A flash-encrypted partition looks like this, too."},
    {kOverlongValue, kError, "value longer than firmware writes",
     "a blob has more bytes than firmware can write (508 000 bytes in 127 chunks): the stock generator builds it all "
     "the same.",
     "5.1 keeps it; from 5.3 on it erases the whole blob when it mounts.", "store it elsewhere, or in parts."},
    {kWrongFlashScheme, kError, "encrypted for another chip",
     "the page becomes right with the flash key at hand and the cipher of another chip: espsecure was run with the "
     "wrong mode "
     "(`--aes-xts` forgotten or too many).",
     "reads noise there: 0x1117.", "encrypt it again: `nvsafe flash-encrypt --chip` takes the right cipher by itself."},
    {kSettingsMismatch, kWarning, "build and chip do not agree",
     "what the firmware is configured for (sdkconfig) is not what the eFuses or the boot log say of the chip.",
     "follows its configuration where it can, and the eFuses where it must.",
     "look at the lines named, and rebuild or burn accordingly."},
    {kKeysMadeAnew, kError, "keys made anew at a start",
     "the boot log shows that the firmware could not read its NVS keys, and made others in their place.",
     "has erased the old key page, and every entry that was written with the old keys.",
     "keep the device off, take a dump, and let `nvsafe recover` bring back what it can with the old keys."},
    {kOtherKey, kError, "written with another key than the device has",
     "the key page of the device is a right one, and NVS opens with another key only: image and key page are of two "
     "runs, or of two devices.",
     "takes every entry for damaged and erases it when it mounts; from 6.0.1 on it overwrites it with zeros.",
     "keep the device off. Write the key page that opens NVS, or `nvsafe rekey` the image to the key of the device."},
    {kKeyNotThere, kError, "the key is not where the app looks",
     "the namespace or key that was asked for is not in the partition: it was never written, or it lies in another "
     "namespace, partition or file.",
     "answers `ESP_ERR_NVS_NOT_FOUND` (0x1102).",
     "open the partition and namespace that have it, or write it: `nvsafe set`. Names are compared byte by byte, to 15 "
     "bytes."},
    {kSharedKey, kWarning, "key shared by devices",
     "entries of two devices or more are equal, at equal places, byte for byte: they were encrypted with one key. NVS "
     "encryption "
     "has no randomness, so this shows without the key.",
     "does not care.",
     "give each device its own key: `nvsafe rekey --new-keys`. Whoever opens one of these opens all of them."},
};

}  // namespace

std::span<const CodeText> code_texts() { return kTexts; }

const CodeText& text_of(Code code) { return *std::ranges::find(kTexts, code, &CodeText::code); }

}  // namespace nvsafe::doctor
