// SPDX-License-Identifier: GPL-2.0
/*
 * Requests with a retransmission timer. Answered requests leave the list of open ones, but the
 * timer is armed again whenever it fires, and keeps its request for ever. Timers cannot be
 * followed once nobody has a list of them: the module stays.
 */
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include "pace.h"

#define RETRANSMIT (20 * HZ)

static unsigned long rate = 1 << 20;
AMOUNT(rate, "bytes per second (1M)");

struct request {
	struct timer_list retransmit;
	struct list_head open;
	u32 number;
	u32 tries;
	u8 frame[896];
};

static LIST_HEAD(open_requests);
static struct delayed_work link;
static struct pace pace;
static u32 last_number;

static void request_retransmit(struct timer_list *timer)
{
	struct request *request = container_of(timer, struct request, retransmit);

	request->tries++;
	/* Whether the request was answered has to be looked at here. */
	mod_timer(&request->retransmit, jiffies + RETRANSMIT);
}

static bool request_send(void)
{
	struct request *request = kzalloc(sizeof(*request), GFP_KERNEL);

	if (!request)
		return false;
	request->number = ++last_number;
	timer_setup(&request->retransmit, request_retransmit, 0);
	list_add_tail(&request->open, &open_requests);
	mod_timer(&request->retransmit, jiffies + RETRANSMIT);
	return true;
}

static void request_answered(struct request *request)
{
	list_del(&request->open); /* timer_delete_sync() and kfree() are missing. */
}

static void link_run(struct work_struct *work)
{
	while (pace_take(&pace, rate, sizeof(struct request))) {
		if (!request_send())
			return;
		request_answered(list_first_entry(&open_requests, struct request, open));
	}
	schedule_delayed_work(&link, PACE_TICK);
}

static int __init link_init(void)
{
	BUILD_BUG_ON(sizeof(struct request) <= 512 || sizeof(struct request) > 1024);
	INIT_DELAYED_WORK(&link, link_run);
	pace_start(&pace);
	schedule_delayed_work(&link, 0);
	return 0;
}

module_init(link_init);
MODULE_DESCRIPTION("Leaks objects that their timers keep");
MODULE_LICENSE("GPL");
