// SPDX-License-Identifier: GPL-2.0
/*
 * A protocol with a cache of its own for its sessions. A session that times out is taken out of
 * the table and not freed. The cache has a constructor, so that no other cache is merged with it.
 */
#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "pace.h"

static unsigned long rate = 1 << 20;
AMOUNT(rate, "bytes per second (1M)");

struct session {
	struct hlist_node in_table;
	spinlock_t lock;
	u32 id;
	u8 state[600];
};

static DEFINE_HASHTABLE(sessions, 6);
static struct kmem_cache *session_cache;
static struct delayed_work traffic;
static struct pace pace;
static u32 last_id;

static void session_construct(void *object)
{
	struct session *session = object;

	spin_lock_init(&session->lock);
	session->id = 0;
}

static bool session_open(void)
{
	struct session *session = kmem_cache_alloc(session_cache, GFP_KERNEL);

	if (!session)
		return false;
	session->id = ++last_id;
	hash_add(sessions, &session->in_table, session->id);
	return true;
}

static void session_time_out(u32 id)
{
	struct session *session;

	hash_for_each_possible(sessions, session, in_table, id) {
		if (session->id != id)
			continue;
		hash_del(&session->in_table);
		/* Here kmem_cache_free(session_cache, session) is missing. */
		return;
	}
}

static void carry_traffic(struct work_struct *work)
{
	while (pace_take(&pace, rate, sizeof(struct session))) {
		if (!session_open())
			return;
		if (last_id > 64)
			session_time_out(last_id - 64);
	}
	schedule_delayed_work(&traffic, PACE_TICK);
}

static int __init protocol_init(void)
{
	session_cache =
		kmem_cache_create("lab_session", sizeof(struct session), 0, 0, session_construct);
	if (!session_cache)
		return -ENOMEM;
	INIT_DELAYED_WORK(&traffic, carry_traffic);
	pace_start(&pace);
	schedule_delayed_work(&traffic, 0);
	return 0;
}

static void __exit protocol_exit(void)
{
	struct hlist_node *next;
	struct session *session;
	int bucket;

	cancel_delayed_work_sync(&traffic);
	hash_for_each_safe(sessions, bucket, next, session, in_table) {
		hash_del(&session->in_table);
		kmem_cache_free(session_cache, session);
	}
	/* Tells of the objects that were lost, and keeps the cache. */
	kmem_cache_destroy(session_cache);
}

module_init(protocol_init);
module_exit(protocol_exit);
MODULE_DESCRIPTION("Leaks objects of its own slab cache");
MODULE_LICENSE("GPL");
