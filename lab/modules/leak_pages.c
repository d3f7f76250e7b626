// SPDX-License-Identifier: GPL-2.0
/*
 * A network card's receive ring. A full buffer is taken out of its slot and a fresh one put in;
 * frames that are too short are dropped together with the last reference to their pages.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/workqueue.h>

#include "pace.h"

#define SLOTS 16
#define SHORTEST 60

static unsigned long rate = 1 << 20;
static unsigned int order;
AMOUNT(rate, "bytes per second (1M)");
module_param(order, uint, 0444);
MODULE_PARM_DESC(order, "order of a buffer's pages (0)");

struct ring {
	struct delayed_work interrupt;
	struct pace pace;
	struct page *slots[SLOTS];
	unsigned int head;
	u64 received;
	u64 dropped;
};

static struct ring ring;

static unsigned int frame_length(const struct ring *from)
{
	/* Every second one is a runt. */
	return from->received % 2 ? SHORTEST / 2 : 1500;
}

static bool receive(struct ring *from)
{
	struct page **slot = &from->slots[from->head % SLOTS];
	struct page *full = *slot;
	struct page *fresh = alloc_pages(GFP_KERNEL, order);

	if (!fresh)
		return false;
	*slot = fresh;
	from->head++;
	from->received++;
	memset(page_address(full), 0x5a, SHORTEST);
	if (frame_length(from) < SHORTEST) {
		from->dropped++; /* Here __free_pages(full, order) is missing. */
		return true;
	}
	__free_pages(full, order);
	return true;
}

static void ring_interrupt(struct work_struct *work)
{
	while (pace_take(&ring.pace, rate, PAGE_SIZE << order)) {
		/* One that is kept and one that is lost. */
		if (!receive(&ring) || !receive(&ring))
			return;
	}
	schedule_delayed_work(&ring.interrupt, PACE_TICK);
}

static void ring_free(void)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		if (ring.slots[i])
			__free_pages(ring.slots[i], order);
	}
}

static int __init ring_init(void)
{
	unsigned int i;

	if (order > 8)
		return -EINVAL;
	for (i = 0; i < SLOTS; i++) {
		ring.slots[i] = alloc_pages(GFP_KERNEL, order);
		if (!ring.slots[i]) {
			ring_free();
			return -ENOMEM;
		}
	}
	INIT_DELAYED_WORK(&ring.interrupt, ring_interrupt);
	pace_start(&ring.pace);
	schedule_delayed_work(&ring.interrupt, 0);
	return 0;
}

static void __exit ring_exit(void)
{
	cancel_delayed_work_sync(&ring.interrupt);
	ring_free();
}

module_init(ring_init);
module_exit(ring_exit);
MODULE_DESCRIPTION("Leaks pages of the receive ring of a network card");
MODULE_LICENSE("GPL");
