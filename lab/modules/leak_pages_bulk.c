// SPDX-License-Identifier: GPL-2.0
/*
 * A storage target that takes the pages of a request from the allocator in one go, as page_pool
 * and the server of NFS do. When a request was aborted, it counts as answered before its pages
 * are put back.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/version.h>
#include <linux/workqueue.h>

#include "pace.h"

#define PAGES 32

static unsigned long rate = 1 << 20;
AMOUNT(rate, "bytes per second (1M)");

struct request {
	bool aborted;
	unsigned int filled;
	struct page *pages[PAGES];
};

static struct delayed_work target;
static struct pace pace;

static unsigned int fill(struct request *request)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 14, 0)
	request->filled = alloc_pages_bulk(GFP_KERNEL, PAGES, request->pages);
#else
	request->filled = alloc_pages_bulk_array(GFP_KERNEL, PAGES, request->pages);
#endif
	return request->filled;
}

static void answer(struct request *request)
{
	unsigned int i;

	if (request->aborted)
		return; /* Without its pages being put back. */
	for (i = 0; i < PAGES; i++) {
		if (request->pages[i])
			__free_page(request->pages[i]);
	}
}

static bool serve(bool aborted)
{
	struct request *request = kzalloc(sizeof(*request), GFP_KERNEL);
	unsigned int i;

	if (!request)
		return false;
	request->aborted = aborted;
	/* The allocator may stop early when it is short of pages; the rest is had one by one. */
	fill(request);
	for (i = request->filled; i < PAGES; i++)
		request->pages[i] = alloc_page(GFP_KERNEL);
	answer(request);
	kfree(request);
	return true;
}

static void target_run(struct work_struct *work)
{
	while (pace_take(&pace, rate, PAGES * PAGE_SIZE)) {
		if (!serve(false) || !serve(true))
			return;
	}
	schedule_delayed_work(&target, PACE_TICK);
}

static int __init target_init(void)
{
	INIT_DELAYED_WORK(&target, target_run);
	pace_start(&pace);
	schedule_delayed_work(&target, 0);
	return 0;
}

static void __exit target_exit(void)
{
	cancel_delayed_work_sync(&target);
}

module_init(target_init);
module_exit(target_exit);
MODULE_DESCRIPTION("Leaks pages that were allocated in bulk");
MODULE_LICENSE("GPL");
