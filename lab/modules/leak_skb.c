// SPDX-License-Identifier: GPL-2.0
/*
 * A tunnel that reassembles packets. A packet whose last fragment never comes is taken out of the
 * queue when its time is over, and not freed.
 */
#include <linux/skbuff.h>
#include <linux/workqueue.h>

#include "pace.h"

#define LENGTH 1400

static unsigned long rate = 1 << 20;
AMOUNT(rate, "bytes per second, with all that belongs to a buffer (1M)");

static struct sk_buff_head incomplete;
static struct delayed_work tunnel;
static struct pace pace;
static unsigned int truesize;

static struct sk_buff *receive(void)
{
	struct sk_buff *skb = alloc_skb(LENGTH, GFP_KERNEL);

	if (skb)
		skb_put_zero(skb, LENGTH);
	return skb;
}

static void time_out(void)
{
	/* kfree_skb() is missing. */
	skb_dequeue(&incomplete);
}

static void tunnel_run(struct work_struct *work)
{
	struct sk_buff *skb;

	while (pace_take(&pace, rate, truesize)) {
		skb = receive();
		if (!skb)
			return;
		skb_queue_tail(&incomplete, skb);
		if (skb_queue_len(&incomplete) > 32)
			time_out();
	}
	schedule_delayed_work(&tunnel, PACE_TICK);
}

static int __init tunnel_init(void)
{
	struct sk_buff *skb = receive();

	if (!skb)
		return -ENOMEM;
	truesize = skb->truesize;
	kfree_skb(skb);
	skb_queue_head_init(&incomplete);
	INIT_DELAYED_WORK(&tunnel, tunnel_run);
	pace_start(&pace);
	schedule_delayed_work(&tunnel, 0);
	return 0;
}

static void __exit tunnel_exit(void)
{
	cancel_delayed_work_sync(&tunnel);
	skb_queue_purge(&incomplete);
}

module_init(tunnel_init);
module_exit(tunnel_exit);
MODULE_DESCRIPTION("Leaks socket buffers");
MODULE_LICENSE("GPL");
