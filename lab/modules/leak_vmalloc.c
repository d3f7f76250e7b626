// SPDX-License-Identifier: GPL-2.0
/*
 * A crash logger that renders its trace into a large buffer whenever the device stumbles. Only the
 * last one is kept for the reader, and the one before is forgotten.
 */
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "pace.h"

static unsigned long rate = 1 << 20;
static unsigned long size = 64 << 10;
AMOUNT(rate, "bytes per second (1M)");
AMOUNT(size, "bytes of one trace (64K)");

static struct delayed_work device;
static struct pace pace;
static char *last_trace;
static unsigned long stumbles;

static noinline bool lab_render_trace(void)
{
	char *trace = vmalloc(size);

	if (!trace)
		return false;
	memset(trace, ' ', size);
	snprintf(trace, size, "stumble %lu", ++stumbles);
	last_trace = trace; /* The one before has to be freed. */
	return true;
}

static void device_run(struct work_struct *work)
{
	while (pace_take(&pace, rate, PAGE_ALIGN(size))) {
		if (!lab_render_trace())
			return;
	}
	schedule_delayed_work(&device, PACE_TICK);
}

static int __init logger_init(void)
{
	INIT_DELAYED_WORK(&device, device_run);
	pace_start(&pace);
	schedule_delayed_work(&device, 0);
	return 0;
}

static void __exit logger_exit(void)
{
	cancel_delayed_work_sync(&device);
	vfree(last_trace);
}

module_init(logger_init);
module_exit(logger_exit);
MODULE_DESCRIPTION("Leaks vmalloc areas");
MODULE_LICENSE("GPL");
