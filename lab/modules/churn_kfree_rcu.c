// SPDX-License-Identifier: GPL-2.0
/*
 * No leak: a routing table whose entries are replaced all the time. Readers need no lock, so the
 * old entry is freed when they are done, by kfree_rcu(): many wait at any time.
 */
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "pace.h"

#define ROUTES 1024

static unsigned long rate = 8 << 20;
AMOUNT(rate, "bytes replaced per second (8M)");

struct route {
	struct rcu_head rcu;
	u32 network;
	u32 gateway;
	u8 metrics[488];
};

static struct route __rcu *routes[ROUTES];
static struct delayed_work daemon;
static struct pace pace;
static u32 updates;

static bool route_replace(u32 network)
{
	struct route *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
	struct route *old;

	if (!fresh)
		return false;
	fresh->network = network;
	fresh->gateway = updates;
	/* Only this work item writes. */
	old = rcu_dereference_protected(routes[network], true);
	rcu_assign_pointer(routes[network], fresh);
	if (old)
		kfree_rcu(old, rcu);
	return true;
}

static void daemon_run(struct work_struct *work)
{
	while (pace_take(&pace, rate, sizeof(struct route))) {
		if (!route_replace(updates++ % ROUTES))
			break;
		cond_resched();
	}
	schedule_delayed_work(&daemon, PACE_TICK);
}

static int __init routes_init(void)
{
	INIT_DELAYED_WORK(&daemon, daemon_run);
	pace_start(&pace);
	schedule_delayed_work(&daemon, 0);
	return 0;
}

static void __exit routes_exit(void)
{
	unsigned int i;

	cancel_delayed_work_sync(&daemon);
	synchronize_rcu();
	for (i = 0; i < ROUTES; i++)
		kfree(rcu_dereference_protected(routes[i], true));
}

module_init(routes_init);
module_exit(routes_exit);
MODULE_DESCRIPTION("Frees many objects behind a grace period");
MODULE_LICENSE("GPL");
