// SPDX-License-Identifier: GPL-2.0
/*
 * No leak: a driver that takes its pool of buffers when it is loaded, works with them, and gives
 * them back when it is unloaded.
 */
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "pace.h"

static unsigned long size = 48 << 20;
AMOUNT(size, "bytes of the pool (48M)");

struct buffer {
	struct list_head in_pool;
	u8 data[8192 - sizeof(struct list_head)];
};

static LIST_HEAD(pool);
static struct delayed_work device;

static void pool_free(void)
{
	struct buffer *buffer, *next;

	list_for_each_entry_safe(buffer, next, &pool, in_pool)
		kfree(buffer);
}

static void device_run(struct work_struct *work)
{
	struct buffer *buffer = list_first_entry(&pool, struct buffer, in_pool);

	buffer->data[0]++;
	list_move_tail(&buffer->in_pool, &pool);
	schedule_delayed_work(&device, PACE_TICK);
}

static int __init pool_init(void)
{
	struct buffer *buffer;
	unsigned long taken;

	BUILD_BUG_ON(sizeof(struct buffer) != 8192);
	for (taken = 0; taken < size; taken += sizeof(*buffer)) {
		buffer = kzalloc(sizeof(*buffer), GFP_KERNEL);
		if (!buffer) {
			pool_free();
			return -ENOMEM;
		}
		list_add_tail(&buffer->in_pool, &pool);
	}
	INIT_DELAYED_WORK(&device, device_run);
	schedule_delayed_work(&device, 0);
	return 0;
}

static void __exit pool_exit(void)
{
	cancel_delayed_work_sync(&device);
	pool_free();
}

module_init(pool_init);
module_exit(pool_exit);
MODULE_DESCRIPTION("Takes a pool of buffers once");
MODULE_LICENSE("GPL");
