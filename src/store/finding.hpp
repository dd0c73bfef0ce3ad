// Findings: what is not as it should be in a partition, as stable codes with a place. Words, causes and fixes belong
// to the layers that talk to a person.
#pragma once

#include <cstdint>

#include "nvsafe/error.hpp"

namespace nvsafe::store {

// Printed as NVS-D007 and so on. Stable: never renumber, never reuse. docs/FINDINGS.md.
// 1 to 6 and 10 are causes that need more than one partition to be seen; they are not found here.
enum class FindingCode : std::uint16_t {
  kNoFreePage = 7,           // every page is in use: firmware answers 0x110D
  kPageHeaderDamaged = 8,    // header CRC wrong, or an unknown state word; count: entries that decode nevertheless
  kBlobIncomplete = 9,       // a blob index without all its chunks
  kEntryUndecodable = 11,    // written entries with a wrong CRC; count: how many in the page
  kDataDamaged = 12,         // the data of a string, blob or chunk do not match their CRC
  kItemSuperseded = 13,      // an older copy of a key is still live; count: its entries
  kChunkOrphaned = 14,       // blob data that no blob index names
  kEntryTorn = 15,           // bytes in an entry that is marked empty
  kStateIllegal = 16,        // state bits 01; count: how many in the page
  kEntryFaulty = 17,         // CRC right, but span, chunks, size, key or namespace make no sense
  kNamespaceUndefined = 18,  // items of a namespace index that no entry names
  kNamespaceTwice = 19,      // two indexes for one name, or two names for one index
  kTypeUnknown = 20,         // a value type newer than this engine; kept
  kPageFreeing = 21,         // a collection was cut before its end
  kPageDirty = 22,           // marked empty, but not blank
  kSequenceTwice = 23,       // two pages with one sequence number
  kItemTorn = 24,            // written, but not all its data entries are
};

struct Finding {
  FindingCode code;
  std::uint32_t page_index = kNoPlace;
  std::uint32_t entry_index = kNoPlace;
  std::uint32_t count = 1;
};

}  // namespace nvsafe::store
