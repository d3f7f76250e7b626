#pragma once

#include "model/profile.h"
#include "report/document.h"

namespace leakscope::render::csv {

/// One row for each site; its stack is one column, innermost first: "seq_open;single_open;do_dentry_open". Functions of
/// modules have the module behind them: "acct_ioctl [nf_acct_ng]".
[[nodiscard]] report::Table sites_table(const model::Profile& profile);

}  // namespace leakscope::render::csv
