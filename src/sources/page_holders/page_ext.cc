#include "sources/page_holders/page_ext.h"

#include <string>

#include "base/text_cursor.h"
#include "sources/page_holders/keyed_number.h"

namespace leakscope::sources::page_holders {
namespace {

bool has_word(std::string_view line, std::string_view word) {
  FieldCursor fields(trim(line));
  while (const auto field = fields.next()) {
    if (*field == word) return true;
  }
  return false;
}

class PageExt final : public Holder {
 public:
  PageExt() : Holder("page-ext") {}

  Result<std::vector<Level>> read(const RootedDir& root) override {
    std::string why = "no file tells the size of page_ext";
    const auto command_line = root.read("proc/cmdline", buffer_);
    if (command_line && has_word(*command_line, "page_owner=on")) {
      why += "; page_owner=on is set, so it is at work";
    }
    if (keyed_number(root, "proc/vmstat", "nr_memmap_pages", buffer_)) why += "; it is part of nr_memmap_pages";
    return fail(Error::Kind::kUnsupported, "page_ext", std::move(why));
  }

 private:
  FileBuffer buffer_;
};

}  // namespace

std::unique_ptr<Holder> make_page_ext() { return std::make_unique<PageExt>(); }

}  // namespace leakscope::sources::page_holders
