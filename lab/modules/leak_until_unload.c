// SPDX-License-Identifier: GPL-2.0
/*
 * A driver that notes each event in a list for a reader that nobody starts. The list is freed when
 * the module is unloaded, so that a leak checker finds nothing wrong.
 */
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "pace.h"

static unsigned long rate = 1 << 20;
AMOUNT(rate, "bytes per second (1M)");

struct event {
	struct list_head in_list;
	ktime_t when;
	u8 data[4096 - sizeof(struct list_head) - sizeof(ktime_t)];
};

static LIST_HEAD(unread);
static struct delayed_work source;
static struct pace pace;

static bool note_event(void)
{
	struct event *event = kzalloc(sizeof(*event), GFP_KERNEL);

	if (!event)
		return false;
	event->when = ktime_get();
	list_add_tail(&event->in_list, &unread);
	return true;
}

static void source_run(struct work_struct *work)
{
	while (pace_take(&pace, rate, sizeof(struct event))) {
		if (!note_event())
			return;
	}
	schedule_delayed_work(&source, PACE_TICK);
}

static int __init source_init(void)
{
	BUILD_BUG_ON(sizeof(struct event) != 4096);
	INIT_DELAYED_WORK(&source, source_run);
	pace_start(&pace);
	schedule_delayed_work(&source, 0);
	return 0;
}

static void __exit source_exit(void)
{
	struct event *event, *next;

	cancel_delayed_work_sync(&source);
	list_for_each_entry_safe(event, next, &unread, in_list) {
		list_del(&event->in_list);
		kfree(event);
	}
}

module_init(source_init);
module_exit(source_exit);
MODULE_DESCRIPTION("Keeps what nobody needs until it is unloaded");
MODULE_LICENSE("GPL");
