#pragma once

#include "base/error.h"
#include "sources/trace_dat/byte_cursor.h"
#include "sources/trace_dat/dat_header.h"

namespace leakscope::sources::trace_dat {

/// The parts of a header. Version 6 has them one after the other, version 7 each in a section; what is in them is the
/// same. Errors are of what ends too early or makes no sense; a single event's bad description is a problem of the
/// header and no more.
[[nodiscard]] Result<> read_header_info(ByteCursor& bytes, DatHeader& header);
[[nodiscard]] Result<> read_ftrace_formats(ByteCursor& bytes, DatHeader& header);
[[nodiscard]] Result<> read_event_formats(ByteCursor& bytes, DatHeader& header);
[[nodiscard]] Result<> read_kallsyms(ByteCursor& bytes, DatHeader& header);
[[nodiscard]] Result<> read_printk(ByteCursor& bytes);
[[nodiscard]] Result<> read_commands(ByteCursor& bytes, DatHeader& header);

/// Options that have the same contents in both versions; others are passed over.
void read_option(std::uint16_t id, std::span<const std::byte> data, DatHeader& header);

inline constexpr std::uint16_t kOptionDone = 0;
inline constexpr std::uint16_t kOptionBuffer = 3;
inline constexpr std::uint16_t kOptionTraceClock = 4;

/// The word in brackets: "local [global] counter".
[[nodiscard]] std::string chosen_clock(std::string_view text);

}  // namespace leakscope::sources::trace_dat
