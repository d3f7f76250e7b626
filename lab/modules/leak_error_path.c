// SPDX-License-Identifier: GPL-2.0
/*
 * Commands to a controller, each with a buffer for its data. Nearly all succeed. When one fails,
 * by chance and now and then several in a row, the error path returns without freeing the buffer.
 */
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "pace.h"

#define BUFFER 8192
#define MEAN_GROUP 128

static unsigned long rate = 1 << 20;
static unsigned int one_in = 5;
AMOUNT(rate, "bytes lost per second, on an average (1M)");
module_param(one_in, uint, 0444);
MODULE_PARM_DESC(one_in, "so many commands succeed for one that fails (5)");

static struct delayed_work controller;
static struct pace pace;

/* Failures come in groups: a cable that is touched fails more than one command. */
static unsigned int failing;

static int execute(u8 *buffer)
{
	memset(buffer, 0, 64);
	if (failing == 0 && get_random_u32() % (one_in * MEAN_GROUP) == 0)
		failing = 1 + get_random_u32() % (2 * MEAN_GROUP - 1);
	if (failing == 0)
		return 0;
	failing--;
	return -EIO;
}

static int command(void)
{
	u8 *buffer = kmalloc(BUFFER, GFP_KERNEL);
	int error;

	if (!buffer)
		return -ENOMEM;
	error = execute(buffer);
	if (error)
		return error; /* Without kfree(buffer). */
	kfree(buffer);
	return 0;
}

static void controller_run(struct work_struct *work)
{
	while (pace_take(&pace, rate, BUFFER / (one_in + 1))) {
		if (command() == -ENOMEM)
			return;
	}
	schedule_delayed_work(&controller, PACE_TICK);
}

static int __init controller_init(void)
{
	if (one_in == 0 || one_in > 1000)
		return -EINVAL;
	INIT_DELAYED_WORK(&controller, controller_run);
	pace_start(&pace);
	schedule_delayed_work(&controller, 0);
	return 0;
}

static void __exit controller_exit(void)
{
	cancel_delayed_work_sync(&controller);
}

module_init(controller_init);
module_exit(controller_exit);
MODULE_DESCRIPTION("Leaks a buffer on the error path only");
MODULE_LICENSE("GPL");
