// SPDX-License-Identifier: GPL-2.0
/*
 * A lock manager whose tickets come from a cache like many others of that size: the kernel merges
 * it with one of them, and /proc/slabinfo has only that one's name. A ticket that was granted at
 * once is never freed.
 */
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "pace.h"

#define WAIT_ONE_IN 8

static unsigned long rate = 1 << 20;
AMOUNT(rate, "bytes per second (1M)");

struct ticket {
	struct list_head waiting;
	u64 resource;
	u64 owner;
	bool granted;
	u8 reserved[256 - 2 * sizeof(void *) - 2 * sizeof(u64) - sizeof(bool)];
};

static struct kmem_cache *ticket_cache;
static struct delayed_work clients;
static struct pace pace;
static u64 next_resource;
static LIST_HEAD(queue);

static void give_up(struct ticket *ticket)
{
	if (ticket->granted)
		return; /* The ticket should be freed here, too. */
	list_del(&ticket->waiting);
	kmem_cache_free(ticket_cache, ticket);
}

static bool lock_and_unlock(void)
{
	struct ticket *ticket = kmem_cache_zalloc(ticket_cache, GFP_KERNEL);

	if (!ticket)
		return false;
	ticket->resource = next_resource++;
	ticket->owner = ticket->resource % 7;
	ticket->granted = ticket->resource % WAIT_ONE_IN != 0;
	if (!ticket->granted)
		list_add_tail(&ticket->waiting, &queue);
	give_up(ticket);
	return true;
}

static void serve(struct work_struct *work)
{
	unsigned int i;

	while (pace_take(&pace, rate, (WAIT_ONE_IN - 1) * sizeof(struct ticket))) {
		for (i = 0; i < WAIT_ONE_IN; i++) {
			if (!lock_and_unlock())
				return;
		}
	}
	schedule_delayed_work(&clients, PACE_TICK);
}

static int __init manager_init(void)
{
	BUILD_BUG_ON(sizeof(struct ticket) != 256);
	ticket_cache =
		kmem_cache_create("lab_ticket", sizeof(struct ticket), 0, SLAB_HWCACHE_ALIGN, NULL);
	if (!ticket_cache)
		return -ENOMEM;
	INIT_DELAYED_WORK(&clients, serve);
	pace_start(&pace);
	schedule_delayed_work(&clients, 0);
	return 0;
}

static void __exit manager_exit(void)
{
	cancel_delayed_work_sync(&clients);
	kmem_cache_destroy(ticket_cache);
}

module_init(manager_init);
module_exit(manager_exit);
MODULE_DESCRIPTION("Leaks objects of a slab cache that is merged with others");
MODULE_LICENSE("GPL");
