// SPDX-License-Identifier: GPL-2.0
/*
 * A packet filter whose chains have counters on each CPU. A chain that the hardware refuses is
 * freed without them.
 */
#include <linux/cpumask.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "pace.h"

static unsigned long rate = 1 << 20;
AMOUNT(rate, "bytes per second, over all CPUs (1M)");

struct counters {
	u64 packets[256];
};

struct chain {
	struct counters __percpu *counters;
	u32 hook;
};

static struct delayed_work rules;
static struct pace pace;

static struct chain *chain_make(u32 hook)
{
	struct chain *chain = kzalloc(sizeof(*chain), GFP_KERNEL);

	if (!chain)
		return NULL;
	chain->hook = hook;
	chain->counters = alloc_percpu(struct counters);
	if (chain->counters)
		return chain;
	kfree(chain);
	return NULL;
}

static int offload(const struct chain *chain)
{
	return chain->hook ? -EOPNOTSUPP : 0;
}

static bool add_chain(u32 hook)
{
	struct chain *chain = chain_make(hook);

	if (!chain)
		return false;
	if (offload(chain) == 0)
		free_percpu(chain->counters); /* A rule that is removed at once. */
	kfree(chain);
	return true;
}

static void rules_load(struct work_struct *work)
{
	while (pace_take(&pace, rate, sizeof(struct counters) * num_possible_cpus())) {
		if (!add_chain(0) || !add_chain(1))
			return;
	}
	schedule_delayed_work(&rules, PACE_TICK);
}

static int __init filter_init(void)
{
	INIT_DELAYED_WORK(&rules, rules_load);
	pace_start(&pace);
	schedule_delayed_work(&rules, 0);
	return 0;
}

static void __exit filter_exit(void)
{
	cancel_delayed_work_sync(&rules);
}

module_init(filter_init);
module_exit(filter_exit);
MODULE_DESCRIPTION("Leaks per-CPU counters");
MODULE_LICENSE("GPL");
