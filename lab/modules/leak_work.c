// SPDX-License-Identifier: GPL-2.0
/*
 * A work item that streams samples out of a device: each run takes a new buffer, hands it to the
 * transfer, and queues itself again. Who frees the buffer when the transfer is done was never
 * decided.
 */
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "pace.h"

static unsigned long rate = 1 << 20;
static unsigned long size = 8192;
AMOUNT(rate, "bytes per second (1M)");
AMOUNT(size, "bytes of one buffer (8K)");

struct stream {
	struct delayed_work next;
	struct pace pace;
	u16 *buffer;
	u64 transfers;
};

static struct workqueue_struct *queue;
static struct stream stream;

static void transfer(struct stream *of)
{
	unsigned long i;

	for (i = 0; i < size / sizeof(*of->buffer); i += 32)
		of->buffer[i] = (u16)of->transfers;
	of->transfers++;
}

static void stream_next(struct work_struct *work)
{
	struct stream *of = container_of(work, struct stream, next.work);

	if (!pace_take(&of->pace, rate, size)) {
		queue_delayed_work(queue, &of->next, PACE_TICK);
		return;
	}
	of->buffer = kmalloc(size, GFP_KERNEL); /* In place of the one before. */
	if (!of->buffer)
		return;
	transfer(of);
	queue_delayed_work(queue, &of->next, 0);
}

static int __init stream_init(void)
{
	queue = alloc_workqueue("lab_stream", WQ_UNBOUND | WQ_MEM_RECLAIM, 1);
	if (!queue)
		return -ENOMEM;
	INIT_DELAYED_WORK(&stream.next, stream_next);
	pace_start(&stream.pace);
	queue_delayed_work(queue, &stream.next, 0);
	return 0;
}

static void __exit stream_exit(void)
{
	cancel_delayed_work_sync(&stream.next);
	destroy_workqueue(queue);
}

module_init(stream_init);
module_exit(stream_exit);
MODULE_DESCRIPTION("Leaks a buffer whenever its work item queues itself");
MODULE_LICENSE("GPL");
