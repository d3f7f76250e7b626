/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the modules share: amounts with K, M and G as parameters, and a pace that is kept by the
 * clock, however late a slow machine lets the module run.
 */
#ifndef LAB_PACE_H
#define LAB_PACE_H

#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/types.h>

#define PACE_TICK msecs_to_jiffies(50)
#define PACE_MOST (1UL << 30)

struct pace {
	ktime_t start;
	u64 done;
};

static inline int pace_set_amount(const char *text, const struct kernel_param *param)
{
	char *end;
	unsigned long long amount = memparse(text, &end);

	if (end == text || (*end && *end != '\n') || !amount || amount > PACE_MOST)
		return -EINVAL;
	*(unsigned long *)param->arg = amount;
	return 0;
}

static const struct kernel_param_ops pace_amount = {
	.set = pace_set_amount,
	.get = param_get_ulong,
};

/* A parameter of the module: an amount above zero, up to 1G. */
#define AMOUNT(name, text)                                                                         \
	module_param_cb(name, &pace_amount, &name, 0444);                                          \
	MODULE_PARM_DESC(name, text)

static inline void pace_start(struct pace *pace)
{
	pace->start = ktime_get();
	pace->done = 0;
}

/* Whether @amount more is due at @rate per second; if so it counts as done. */
static inline bool pace_take(struct pace *pace, unsigned long rate, unsigned long amount)
{
	u64 elapsed = ktime_ms_delta(ktime_get(), pace->start);

	if (pace->done + amount > div_u64(rate * elapsed, MSEC_PER_SEC))
		return false;
	pace->done += amount;
	return true;
}

#endif
