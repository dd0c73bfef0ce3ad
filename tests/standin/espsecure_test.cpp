// espsecure, run through the program: what recorded runs do not show. Those are in recorded_standin_test.cpp.
#include <gtest/gtest.h>

#include "cli/material.hpp"
#include "cli/program.hpp"
#include "standin/tool.hpp"

namespace nvsafe::standin {
namespace {

using cli::Arguments;
using cli::contains;
using cli::line_after;
using cli::noise;
using cli::Ran;
using cli::Tree;
using cli::Workplace;

Ran run(const Workplace& workplace, Arguments arguments, const cli::Surroundings& surroundings = {}) {
  arguments.insert(arguments.begin(), {"as", "espsecure"});
  return workplace.run(arguments, surroundings);
}

class Espsecure : public testing::Test {
 protected:
  Espsecure() {
    place_.write("key.bin", noise(32, 1));
    place_.write("in.bin", noise(256, 2));
  }

  // encrypt-flash-data of in.bin at 0x8000, or what `more` says instead.
  [[nodiscard]] Ran encrypt(const Arguments& more = {}, const cli::Surroundings& surroundings = {}) const {
    return run(place_, with("encrypt-flash-data", more), surroundings);
  }
  [[nodiscard]] static Arguments with(const std::string& command, const Arguments& more) {
    Arguments words = {command, "-k", "key.bin", "-a", "0x8000", "-o", "out.bin", "in.bin"};
    words.insert(words.end() - 1, more.begin(), more.end());
    return words;
  }
  void expect_refused(const Ran& ran, int status, const Tree& before) const {
    EXPECT_EQ(ran.status, status) << ran;
    EXPECT_EQ(ran.out, "") << ran;
    EXPECT_NE(line_after(ran.err, "error: "), "") << ran;
    EXPECT_TRUE(place_.tree() == before) << ran;
  }

  Workplace place_;
};

TEST_F(Espsecure, makes_keys_that_only_the_owner_reads_and_that_differ) {
  struct Case {
    Arguments options;
    std::size_t size;
  };
  std::string last;
  for (const Case& made : {Case{{}, 32}, {{}, 32}, {{"-l", "128"}, 16}, {{"--keylen=5_12"}, 64}, {{"-l", "192"}, 24}}) {
    const std::string name = "k" + std::to_string(place_.tree().size());
    Arguments words = {"generate-flash-encryption-key", name};
    words.insert(words.end(), made.options.begin(), made.options.end());
    const Ran ran = run(place_, words);
    EXPECT_EQ(ran.status, kDone) << ran;
    EXPECT_EQ(ran.err, "");
    EXPECT_EQ(ran.out, "Writing " + std::to_string(made.size * 8) + " random bits to key file \"" + name + "\".\n");
    const std::string key = place_.read(name);
    EXPECT_EQ(key.size(), made.size);
    EXPECT_NE(key, last);
    EXPECT_EQ(place_.mode_of(name), 0600u);
    last = key;
  }
}

TEST_F(Espsecure, makes_a_key_that_no_chip_takes_with_a_warning) {
  const Ran ran = run(place_, {"generate_flash_encryption_key", "-l", "100", "k.bin"});
  EXPECT_EQ(ran.status, kDone) << ran;
  EXPECT_EQ(place_.read("k.bin").size(), 12u);
  EXPECT_TRUE(contains(line_after(ran.err, "warning: "), "12 bytes")) << ran;
  EXPECT_TRUE(contains(ran.out, "'generate_flash_encryption_key' is deprecated")) << ran;
}

TEST_F(Espsecure, never_writes_a_key_over_a_file) {
  const Tree before = place_.tree();
  expect_refused(run(place_, {"generate-flash-encryption-key", "key.bin"}), kUsage, before);
  expect_refused(run(place_, {"generate-flash-encryption-key", "in.bin"}), kUsage, before);
}

TEST_F(Espsecure, makes_no_key_of_a_length_that_is_none) {
  const Tree before = place_.tree();
  for (const char* bits : {"0", "7", "32769", "ab", "0x100", "99999999999999999999"}) {
    expect_refused(run(place_, {"generate-flash-encryption-key", "-l", bits, "k.bin"}), kUsage, before);
  }
  expect_refused(run(place_, {"generate-flash-encryption-key", "-l", "-256", "k.bin"}), kFailed, before);
  expect_refused(run(place_, {"generate-flash-encryption-key", "-"}), kUsage, before);
}

TEST_F(Espsecure, an_esp32_gets_random_bytes_behind_a_block_that_is_not_whole) {
  place_.write("in.bin", noise(106, 2));
  const Ran ran = encrypt();
  EXPECT_EQ(ran.status, kDone) << ran;
  EXPECT_EQ(
      ran.out,
      "Using 256-bit key.\nNote: Padding with 6 bytes of random data (encrypted data must be multiple of 16 bytes "
      "long).\n");
  const std::string first = place_.read("out.bin");
  EXPECT_EQ(first.size(), 112u);
  ASSERT_EQ(encrypt().status, kDone);
  EXPECT_EQ(place_.read("out.bin").substr(0, 96), first.substr(0, 96));
  EXPECT_NE(place_.read("out.bin").substr(96), first.substr(96));
  ASSERT_EQ(run(place_, {"decrypt-flash-data", "-k", "key.bin", "-a", "0x8000", "-o", "plain", "out.bin"}).status,
            kDone);
  EXPECT_EQ(place_.read("plain").substr(0, 106), noise(106, 2));
}

TEST_F(Espsecure, an_output_is_replaced_and_is_for_its_owner) {
  place_.write("out.bin", "of the day before");
  const Ran ran = encrypt({"-x"});
  EXPECT_EQ(ran.status, kDone) << ran;
  EXPECT_EQ(place_.read("out.bin").size(), 256u);
  EXPECT_EQ(place_.mode_of("out.bin"), 0600u);
}

TEST_F(Espsecure, neither_inputs_nor_keys_are_written_over) {
  place_.write("other", noise(32, 5));
  place_.write("page", cli::key_page(3));
  place_.write("short", noise(24, 5));
  const Tree before = place_.tree();
  for (const char* output : {"in.bin", "./in.bin", "key.bin", "other", "page", "short"}) {
    expect_refused(encrypt({"-o", output}), kUsage, before);
  }
}

TEST_F(Espsecure, what_is_refused_leaves_nothing) {
  place_.write("odd.bin", noise(250, 2));
  place_.write("empty.bin", "");
  place_.write("halves.bin", noise(16, 3) + noise(16, 3));
  const Tree before = place_.tree();
  expect_refused(run(place_, with("decrypt-flash-data", {"odd.bin"})), kUsage, before);  // two inputs
  expect_refused(run(place_, {"decrypt-flash-data", "-k", "key.bin", "-a", "0", "-o", "o", "odd.bin"}), kUsage, before);
  expect_refused(run(place_, {"encrypt-flash-data", "-k", "key.bin", "-a", "0", "-o", "o", "empty.bin"}), kUsage,
                 before);
  expect_refused(encrypt({"-k", "empty.bin"}), kUsage, before);
  expect_refused(encrypt({"-k", "halves.bin", "-x"}), kFailed, before);
  expect_refused(encrypt({"-a", "0xFFFFFF80"}), kFailed, before);
  expect_refused(encrypt({"-a", "0x100000000"}), kFailed, before);
  expect_refused(encrypt({"-a", "-16"}), kFailed, before);
  expect_refused(encrypt({"-a", "8K"}), kUsage, before);
  expect_refused(encrypt({"-a", "0100"}), kUsage, before);
  expect_refused(encrypt({"--flash-crypt-conf", "16"}), kUsage, before);
  expect_refused(encrypt({"--flash-crypt-conf", "-1"}), kUsage, before);
  expect_refused(encrypt({"-o", "none/out.bin"}), kFailed, before);
  expect_refused(run(place_, {"sign-data", "in.bin"}), kUsage, before);
}

TEST_F(Espsecure, numbers_are_those_of_python) {
  ASSERT_EQ(encrypt().status, kDone);
  const std::string expected = place_.read("out.bin");
  for (const char* address : {"32768", "0o100000", " 0x8_000 ", "+0X8000"}) {
    EXPECT_EQ(encrypt({"-a", address, "-o", "other.bin"}).status, kDone) << address;
    EXPECT_EQ(place_.read("other.bin"), expected) << address;
  }
}

TEST_F(Espsecure, a_key_that_is_text_is_used_with_a_warning) {
  place_.write("key.bin", "0123456789abcdef0123456789abcdef");
  const Ran ran = encrypt();
  EXPECT_EQ(ran.status, kDone) << ran;
  EXPECT_TRUE(contains(line_after(ran.err, "warning: "), "is text")) << ran;
}

TEST_F(Espsecure, reads_standard_input_and_writes_standard_output) {
  ASSERT_EQ(encrypt({"-x"}).status, kDone);
  const Ran ran = run(place_, {"encrypt-flash-data", "-x", "-k", "key.bin", "-a", "0x8000", "-o", "-", "-"},
                      {.input = noise(256, 2)});
  EXPECT_EQ(ran.status, kDone) << ran;
  EXPECT_TRUE(ran.out == place_.read("out.bin"));
  EXPECT_EQ(ran.err, "Using 256-bit key.\n");
  EXPECT_TRUE(encrypt({"--aes_xts", "-o", "-"}).err.ends_with("instead.\nUsing 256-bit key.\n"));
}

TEST_F(Espsecure, old_names_do_the_same_and_say_so) {
  ASSERT_EQ(encrypt().status, kDone);
  const Ran ran = run(place_, with("encrypt_flash_data", {"--flash_crypt_conf=0xF", "-o", "old.bin"}));
  EXPECT_EQ(ran.status, kDone) << ran;
  EXPECT_EQ(ran.out,
            "Warning: Deprecated: Option '--flash_crypt_conf' is deprecated. Use '--flash-crypt-conf' instead.\n"
            "Warning: Deprecated: Command 'encrypt_flash_data' is deprecated. Use 'encrypt-flash-data' instead.\n"
            "Using 256-bit key.\n");
  EXPECT_EQ(place_.read("old.bin"), place_.read("out.bin"));
}

TEST_F(Espsecure, prints_help) {
  for (const Arguments& words : {Arguments{}, {"-h"}, {"--help"}, {"encrypt-flash-data", "-h"}}) {
    const Ran ran = run(place_, words);
    EXPECT_EQ(ran.status, words.empty() ? kUsage : kDone) << ran;
    EXPECT_TRUE(contains(ran.out, "encrypt-flash-data")) << ran;
  }
}

}  // namespace
}  // namespace nvsafe::standin
