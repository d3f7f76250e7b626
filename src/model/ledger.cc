#include "model/ledger.h"

namespace leakscope::model {

std::string_view to_string(LedgerClass c) {
  switch (c) {
    case LedgerClass::kUser:
      return "user";
    case LedgerClass::kKernel:
      return "kernel";
    case LedgerClass::kCache:
      return "cache";
    case LedgerClass::kFree:
      return "free";
    case LedgerClass::kHardware:
      return "hardware";
  }
  return "kernel";
}

}  // namespace leakscope::model
