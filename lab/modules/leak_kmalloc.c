// SPDX-License-Identifier: GPL-2.0
/*
 * A sensor that is polled. Each report is copied out of the device for the checks; the copy is
 * forgotten. With a size above two pages kmalloc asks the page allocator.
 */
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "pace.h"

static unsigned long rate = 1 << 20;
static unsigned long size = 4096;
AMOUNT(rate, "bytes per second (1M)");
AMOUNT(size, "bytes of one report (4K)");

struct sensor {
	struct delayed_work poll;
	struct pace pace;
	u32 sequence;
	u32 checksum;
};

static struct sensor sensor;

static void read_report(struct sensor *from, u8 *report)
{
	memset(report, (u8)from->sequence, size);
	from->sequence++;
}

static u32 checksum(const u8 *report)
{
	u32 sum = 0;
	unsigned long i;

	for (i = 0; i < size; i += 64)
		sum = sum * 31 + report[i];
	return sum;
}

static void sensor_poll(struct work_struct *work)
{
	struct sensor *from = container_of(work, struct sensor, poll.work);
	u8 *report;

	while (pace_take(&from->pace, rate, size)) {
		report = kmalloc(size, GFP_KERNEL);
		if (!report)
			return;
		read_report(from, report);
		from->checksum = checksum(report);
		/* Here kfree(report) is missing. */
	}
	schedule_delayed_work(&from->poll, PACE_TICK);
}

static int __init sensor_init(void)
{
	INIT_DELAYED_WORK(&sensor.poll, sensor_poll);
	pace_start(&sensor.pace);
	schedule_delayed_work(&sensor.poll, 0);
	return 0;
}

static void __exit sensor_exit(void)
{
	cancel_delayed_work_sync(&sensor.poll);
}

module_init(sensor_init);
module_exit(sensor_exit);
MODULE_DESCRIPTION("Leaks a kmalloc'ed buffer for each report");
MODULE_LICENSE("GPL");
