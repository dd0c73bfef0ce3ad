#include "table/binary.hpp"

#include <algorithm>
#include <cstring>

#include "base/endian.hpp"
#include "base/erased.hpp"
#include "base/utf8.hpp"
#include "crypto/hash.hpp"

namespace nvsafe::table {
namespace {

using Record = std::span<const std::uint8_t, kRecordSize>;

// On flash: never renumber. Places in a record; the MD5 record has its digest at 16.
constexpr std::size_t kTypeAt = 2;
constexpr std::size_t kSubtypeAt = 3;
constexpr std::size_t kOffsetAt = 4;
constexpr std::size_t kSizeAt = 8;
constexpr std::size_t kNameAt = 12;
constexpr std::size_t kFlagsAt = 28;
constexpr std::size_t kDigestAt = 16;
constexpr std::uint8_t kErased = 0xFF;

bool has_magic(std::span<const std::uint8_t> record, const std::array<std::uint8_t, 2>& magic) {
  return record.size() >= magic.size() && record[0] == magic[0] && record[1] == magic[1];
}

Partition decode_record(Record record) {
  Partition partition;
  partition.name = PartitionName({reinterpret_cast<const char*>(&record[kNameAt]), PartitionName::kSizeMax});
  partition.type = static_cast<PartitionType>(record[kTypeAt]);
  partition.subtype = record[kSubtypeAt];
  partition.offset = load_le32(&record[kOffsetAt]);
  partition.size = load_le32(&record[kSizeAt]);
  partition.flags = load_le32(&record[kFlagsAt]);
  return partition;
}

void encode_record(const Partition& partition, std::uint8_t* record) {
  std::memset(record, 0, kRecordSize);
  std::copy(kRecordMagic.begin(), kRecordMagic.end(), record);
  record[kTypeAt] = static_cast<std::uint8_t>(partition.type);
  record[kSubtypeAt] = partition.subtype;
  store_le32(record + kOffsetAt, partition.offset);
  store_le32(record + kSizeAt, partition.size);
  const std::string_view name = partition.name.view();
  std::copy(name.begin(), name.end(), record + kNameAt);
  store_le32(record + kFlagsAt, partition.flags);
}

// Walks over the records. Each step says whether reading goes on.
class TableReader {
 public:
  TableReader(std::span<const std::uint8_t> data, Md5Use md5, ProblemList& problems, RuleSet rules)
      : data_(data), md5_(md5), problems_(problems), rules_(rules) {}

  std::optional<Table> read() {
    while (true) {
      if (at_ == data_.size()) return fail(TableProblemCode::kEndMissing);
      if (data_.size() - at_ < kRecordSize) return fail(TableProblemCode::kLengthNotRecords);
      const Record record(data_.data() + at_, kRecordSize);
      if (is_erased(record)) return finish();
      if (!take(record)) return std::nullopt;
      at_ += kRecordSize;
    }
  }

 private:
  std::nullopt_t fail(TableProblemCode code) {
    problems_.add(problem_of_table(code, at_));
    return std::nullopt;
  }

  std::optional<Table> finish() {
    if (at_ == 0) return fail(TableProblemCode::kTableErased);
    if (!has_md5_ && md5_ == Md5Use::kYes) problems_.add(problem_of_table(TableProblemCode::kMd5Missing, at_));
    return table_;
  }

  bool take(Record record) {
    if (md5_ == Md5Use::kYes && has_magic(record, kMd5Magic)) return check_digest(record);
    const Partition partition = decode_record(record);
    // Compatible with the original, which looks at the name before the magic: testdata/table/tocsv-md5-ignored-a0.
    if (rules_ == RuleSet::kStock && !is_utf8(partition.name.view())) {
      fail(TableProblemCode::kRecordNameNotUtf8);
      return false;
    }
    if (has_magic(record, kRecordMagic)) return take_partition(partition);
    fail(TableProblemCode::kBadMagic);
    return false;
  }

  bool check_digest(Record record) {
    has_md5_ = true;
    const auto digest = crypto::md5(data_.first(at_));
    if (digest && std::equal(digest.value().begin(), digest.value().end(), record.begin() + kDigestAt)) return true;
    fail(digest ? TableProblemCode::kMd5Mismatch : TableProblemCode::kMd5Failed);
    return false;
  }

  bool take_partition(const Partition& partition) {
    if (!table_.add(partition)) {
      problems_.add(problem_of_table(TableProblemCode::kTooManyPartitions, kPartitionCountMax + 1, kPartitionCountMax));
      return false;
    }
    const std::uint32_t unknown = partition.flags & ~kFlagsKnown;
    if (unknown != 0) {
      problems_.add(problem_at(TableProblemCode::kFlagBitsUnknown, partition, Field::kFlags, unknown));
    }
    if (has_md5_) problems_.add(problem_at(TableProblemCode::kRecordAfterMd5, partition, Field::kName, at_));
    return true;
  }

  std::span<const std::uint8_t> data_;
  Md5Use md5_;
  ProblemList& problems_;
  RuleSet rules_;
  Table table_;
  std::size_t at_ = 0;
  bool has_md5_ = false;
};

bool add_digest(BinaryTable& binary, std::size_t at) {
  const auto digest = crypto::md5(std::span(binary).first(at));
  if (!digest) return false;
  std::copy(kMd5Magic.begin(), kMd5Magic.end(), &binary[at]);
  std::copy(digest.value().begin(), digest.value().end(), &binary[at + kDigestAt]);
  return true;
}

}  // namespace

bool is_binary_table(std::span<const std::uint8_t> data) {
  return data.size() >= kRecordSize && (has_magic(data, kRecordMagic) || has_magic(data, kMd5Magic));
}

std::optional<Table> decode_table(std::span<const std::uint8_t> data, Md5Use md5, ProblemList& problems,
                                  RuleSet rules) {
  return TableReader(data, md5, problems, rules).read();
}

std::optional<BinaryTable> encode_table(const Table& table, Md5Use md5, ProblemList& problems) {
  const std::size_t count_max = kPartitionCountMax - (md5 == Md5Use::kYes ? 1 : 0);
  const std::size_t count = table.partitions().size();
  if (count > count_max) {
    problems.add(problem_of_table(TableProblemCode::kTooManyPartitions, count, count_max));
    return std::nullopt;
  }
  BinaryTable binary;
  binary.fill(kErased);
  std::size_t at = 0;
  for (const Partition& partition : table.partitions()) {
    encode_record(partition, &binary[at]);
    at += kRecordSize;
  }
  if (md5 == Md5Use::kYes && !add_digest(binary, at)) {
    problems.add(problem_of_table(TableProblemCode::kMd5Failed, at));
    return std::nullopt;
  }
  return binary;
}

}  // namespace nvsafe::table
