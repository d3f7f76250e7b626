// SPDX-License-Identifier: GPL-2.0
/*
 * No leak: a flight recorder that takes a page whenever its last one is full, until the ring has
 * its size; from then on it writes over the oldest.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "pace.h"

static unsigned long rate = 1 << 20;
static unsigned long size = 24 << 20;
AMOUNT(rate, "bytes recorded per second (1M)");
AMOUNT(size, "bytes of the ring when it is full (24M)");

static struct page **ring;
static unsigned long pages;
static unsigned long at;
static struct delayed_work source;
static struct pace pace;

static bool record_page(void)
{
	struct page **slot = &ring[at % pages];

	if (!*slot)
		*slot = alloc_page(GFP_KERNEL);
	if (!*slot)
		return false;
	memset(page_address(*slot), (int)at, PAGE_SIZE);
	at++;
	return true;
}

static void source_run(struct work_struct *work)
{
	while (pace_take(&pace, rate, PAGE_SIZE)) {
		if (!record_page())
			break;
	}
	schedule_delayed_work(&source, PACE_TICK);
}

static int __init recorder_init(void)
{
	pages = PAGE_ALIGN(size) >> PAGE_SHIFT;
	ring = vzalloc(pages * sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	INIT_DELAYED_WORK(&source, source_run);
	pace_start(&pace);
	schedule_delayed_work(&source, 0);
	return 0;
}

static void __exit recorder_exit(void)
{
	unsigned long i;

	cancel_delayed_work_sync(&source);
	for (i = 0; i < pages; i++) {
		if (ring[i])
			__free_page(ring[i]);
	}
	vfree(ring);
}

module_init(recorder_init);
module_exit(recorder_exit);
MODULE_DESCRIPTION("Fills a ring of pages up to its size");
MODULE_LICENSE("GPL");
