// SPDX-License-Identifier: GPL-2.0
/*
 * No leak: answers of a slow device are cached, as long as nobody needs the memory. The cache says
 * that it can be reclaimed, and a shrinker gives back the oldest answers when the kernel asks.
 */
#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/version.h>
#include <linux/workqueue.h>

#include "pace.h"

static unsigned long rate = 1 << 20;
AMOUNT(rate, "bytes cached per second (1M)");

struct answer {
	struct list_head by_age;
	u64 question;
	u8 text[1024 - sizeof(struct list_head) - sizeof(u64)];
};

static struct kmem_cache *answer_cache;
static LIST_HEAD(answers);
static DEFINE_SPINLOCK(answers_lock);
static unsigned long answer_count;
static u64 last_question;
static struct delayed_work clients;
static struct pace pace;

static unsigned long answers_count(struct shrinker *shrinker, struct shrink_control *control)
{
	return READ_ONCE(answer_count);
}

static unsigned long answers_scan(struct shrinker *shrinker, struct shrink_control *control)
{
	struct answer *answer;
	unsigned long freed = 0;

	spin_lock(&answers_lock);
	while (freed < control->nr_to_scan && !list_empty(&answers)) {
		answer = list_first_entry(&answers, struct answer, by_age);
		list_del(&answer->by_age);
		kmem_cache_free(answer_cache, answer);
		answer_count--;
		freed++;
	}
	spin_unlock(&answers_lock);
	return freed;
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
static struct shrinker *shrinker;

static int shrinker_start(void)
{
	shrinker = shrinker_alloc(0, "lab_answers");
	if (!shrinker)
		return -ENOMEM;
	shrinker->count_objects = answers_count;
	shrinker->scan_objects = answers_scan;
	shrinker->seeks = DEFAULT_SEEKS;
	shrinker_register(shrinker);
	return 0;
}

static void shrinker_stop(void)
{
	shrinker_free(shrinker);
}
#else
static struct shrinker shrinker = {
	.count_objects = answers_count,
	.scan_objects = answers_scan,
	.seeks = DEFAULT_SEEKS,
};

static int shrinker_start(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 0, 0)
	return register_shrinker(&shrinker, "lab_answers");
#else
	return register_shrinker(&shrinker);
#endif
}

static void shrinker_stop(void)
{
	unregister_shrinker(&shrinker);
}
#endif

static bool ask(void)
{
	struct answer *answer = kmem_cache_zalloc(answer_cache, GFP_KERNEL);

	if (!answer)
		return false;
	answer->question = ++last_question;
	spin_lock(&answers_lock);
	list_add_tail(&answer->by_age, &answers);
	answer_count++;
	spin_unlock(&answers_lock);
	return true;
}

static void clients_run(struct work_struct *work)
{
	while (pace_take(&pace, rate, sizeof(struct answer))) {
		if (!ask())
			break;
	}
	schedule_delayed_work(&clients, PACE_TICK);
}

static int __init answers_init(void)
{
	int error;

	answer_cache = kmem_cache_create("lab_answer", sizeof(struct answer), 0,
					 SLAB_RECLAIM_ACCOUNT, NULL);
	if (!answer_cache)
		return -ENOMEM;
	error = shrinker_start();
	if (error) {
		kmem_cache_destroy(answer_cache);
		return error;
	}
	INIT_DELAYED_WORK(&clients, clients_run);
	pace_start(&pace);
	schedule_delayed_work(&clients, 0);
	return 0;
}

static void __exit answers_exit(void)
{
	struct answer *answer, *next;

	cancel_delayed_work_sync(&clients);
	shrinker_stop();
	list_for_each_entry_safe(answer, next, &answers, by_age)
		kmem_cache_free(answer_cache, answer);
	kmem_cache_destroy(answer_cache);
}

module_init(answers_init);
module_exit(answers_exit);
MODULE_DESCRIPTION("Caches answers and gives them back when memory runs short");
MODULE_LICENSE("GPL");
