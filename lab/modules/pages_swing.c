// SPDX-License-Identifier: GPL-2.0
/*
 * No leak: a camera that takes pages for its frames while a stream runs, until it has as many as it
 * may have, and gives all of them back when the stream ends. Then the next one begins.
 */
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/workqueue.h>

#include "pace.h"

#define FRAME_ORDER 2

static unsigned long rate = 4 << 20;
static unsigned long most = 20 << 20;
AMOUNT(rate, "bytes taken per second while a stream runs (4M)");
AMOUNT(most, "bytes of a stream's frames (20M)");

static LIST_HEAD(frames);
static unsigned long taken;
static unsigned int streams;
static struct delayed_work camera;
static struct pace pace;

static bool frame_take(void)
{
	struct page *pages = alloc_pages(GFP_KERNEL | __GFP_COMP, FRAME_ORDER);

	if (!pages)
		return false;
	memset(page_address(pages), (int)streams, PAGE_SIZE << FRAME_ORDER);
	list_add_tail(&pages->lru, &frames);
	taken += PAGE_SIZE << FRAME_ORDER;
	return true;
}

static void stream_end(void)
{
	struct page *pages, *next;

	list_for_each_entry_safe(pages, next, &frames, lru) {
		list_del(&pages->lru);
		__free_pages(pages, FRAME_ORDER);
	}
	taken = 0;
	streams++;
}

static void camera_run(struct work_struct *work)
{
	while (pace_take(&pace, rate, PAGE_SIZE << FRAME_ORDER)) {
		if (taken >= most)
			stream_end();
		if (!frame_take())
			break;
	}
	schedule_delayed_work(&camera, PACE_TICK);
}

static int __init camera_init(void)
{
	INIT_DELAYED_WORK(&camera, camera_run);
	pace_start(&pace);
	schedule_delayed_work(&camera, 0);
	return 0;
}

static void __exit camera_exit(void)
{
	cancel_delayed_work_sync(&camera);
	stream_end();
}

module_init(camera_init);
module_exit(camera_exit);
MODULE_DESCRIPTION("Takes pages for a stream and gives them back, again and again");
MODULE_LICENSE("GPL");
