// SPDX-License-Identifier: GPL-2.0
/*
 * No leak: requests wander from list to list (new, active, done) all the time; as many are freed as
 * are made, in an order that has nothing to do with their age.
 */
#include <linux/list.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "pace.h"

#define LISTS 4

static unsigned long rate = 4 << 20;
static unsigned long kept = 16 << 20;
AMOUNT(rate, "bytes made and freed per second (4M)");
AMOUNT(kept, "bytes in the lists (16M)");

struct request {
	struct list_head in_list;
	u64 number;
	u8 data[1024 - sizeof(struct list_head) - sizeof(u64)];
};

static struct list_head lists[LISTS];
static struct delayed_work device;
static struct pace pace;
static u64 last_number;

static bool request_add(void)
{
	struct request *request = kzalloc(sizeof(*request), GFP_KERNEL);

	if (!request)
		return false;
	request->number = ++last_number;
	list_add_tail(&request->in_list, &lists[request->number % LISTS]);
	return true;
}

static void rotate(void)
{
	struct list_head *from = &lists[get_random_u32() % LISTS];
	struct list_head *to = &lists[get_random_u32() % LISTS];

	if (!list_empty(from))
		list_move(from->next, to);
}

static void finish_one(void)
{
	struct list_head *list = &lists[get_random_u32() % LISTS];
	struct request *request;
	unsigned int i;

	for (i = 0; i < LISTS && list_empty(list); i++)
		list = &lists[i];
	if (list_empty(list))
		return;
	request = list_first_entry(list, struct request, in_list);
	list_del(&request->in_list);
	kfree(request);
}

static void device_run(struct work_struct *work)
{
	while (pace_take(&pace, rate, sizeof(struct request))) {
		if (!request_add())
			break;
		rotate();
		rotate();
		finish_one();
	}
	schedule_delayed_work(&device, PACE_TICK);
}

static void empty_lists(void)
{
	struct request *request, *next;
	unsigned int i;

	for (i = 0; i < LISTS; i++) {
		list_for_each_entry_safe(request, next, &lists[i], in_list)
			kfree(request);
	}
}

static int __init device_init(void)
{
	unsigned long made;
	unsigned int i;

	BUILD_BUG_ON(sizeof(struct request) != 1024);
	for (i = 0; i < LISTS; i++)
		INIT_LIST_HEAD(&lists[i]);
	for (made = 0; made < kept; made += sizeof(struct request)) {
		if (!request_add()) {
			empty_lists();
			return -ENOMEM;
		}
	}
	INIT_DELAYED_WORK(&device, device_run);
	pace_start(&pace);
	schedule_delayed_work(&device, 0);
	return 0;
}

static void __exit device_exit(void)
{
	cancel_delayed_work_sync(&device);
	empty_lists();
}

module_init(device_init);
module_exit(device_exit);
MODULE_DESCRIPTION("Moves objects between lists, and frees as many as it makes");
MODULE_LICENSE("GPL");
