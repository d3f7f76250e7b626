// SPDX-License-Identifier: GPL-2.0
/*
 * A driver that builds tables when it is loaded, and frees the last of them when it is unloaded.
 * Each load loses the others, once.
 */
#include <linux/slab.h>

#include "pace.h"

#define TABLE 4096

static unsigned long lost = 32 << 20;
AMOUNT(lost, "bytes lost at load (32M)");

static u32 *table;

static int build_tables(void)
{
	unsigned long built, i;

	for (built = 0; built < lost + TABLE; built += TABLE) {
		table = kmalloc(TABLE, GFP_KERNEL); /* In place of the one before. */
		if (!table)
			return -ENOMEM;
		for (i = 0; i < TABLE / sizeof(*table); i += 16)
			table[i] = i ^ built;
	}
	return 0;
}

static int __init tables_init(void)
{
	return build_tables();
}

static void __exit tables_exit(void)
{
	kfree(table);
}

module_init(tables_init);
module_exit(tables_exit);
MODULE_DESCRIPTION("Leaks once, when it is loaded");
MODULE_LICENSE("GPL");
