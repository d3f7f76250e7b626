/* What a plugin is: code and some tables of its own, written to when it is loaded. */

enum { kTable = 60 * 1024 };

static unsigned char table[kTable] = {1};

__attribute__((constructor)) static void fill(void) {
  for (int i = 0; i < kTable; ++i) table[i] = (unsigned char)(i * 7);
}

int plugin_answer(int question) { return table[question % kTable]; }
