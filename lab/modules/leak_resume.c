// SPDX-License-Identifier: GPL-2.0
/*
 * A device with clocks that comes back from suspend: resume() gets a handle of each of its clocks
 * anew, suspend() stops the clocks and puts no handle. "suspend" and "resume" are written to
 * /proc/lab_power in place of the power management's calls.
 */
#include <linux/kref.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define CLOCKS 64

/* The clocks' side: one core for each clock, and a handle for each user of it. */
struct clock_core {
	struct kref users;
	unsigned int enabled;
};

struct clock {
	struct clock_core *core;
	u64 least_rate;
	u64 most_rate;
	char user[1000];
};

static struct clock_core cores[CLOCKS];
static struct clock *clocks[CLOCKS];
static struct proc_dir_entry *entry;
static DEFINE_MUTEX(power_lock);
static bool running;

static struct clock *clock_get(unsigned int number, const char *user)
{
	struct clock *clock = kzalloc(sizeof(*clock), GFP_KERNEL);

	if (!clock)
		return NULL;
	clock->core = &cores[number];
	clock->most_rate = U64_MAX;
	scnprintf(clock->user, sizeof(clock->user), "%s", user);
	kref_get(&clock->core->users);
	return clock;
}

static int device_resume(void)
{
	unsigned int i;

	for (i = 0; i < CLOCKS; i++) {
		clocks[i] = clock_get(i, "lab_device");
		if (!clocks[i])
			return -ENOMEM;
		clocks[i]->core->enabled++;
	}
	running = true;
	return 0;
}

static int device_suspend(void)
{
	unsigned int i;

	for (i = 0; i < CLOCKS; i++)
		clocks[i]->core->enabled--; /* The handle should be put here. */
	running = false;
	return 0;
}

static ssize_t power_write(struct file *file, const char __user *from, size_t length, loff_t *at)
{
	char word[16] = {};
	int error = -EINVAL;

	if (length >= sizeof(word) || copy_from_user(word, from, length))
		return -EINVAL;
	strim(word);
	mutex_lock(&power_lock);
	if (!running && strcmp(word, "resume") == 0)
		error = device_resume();
	else if (running && strcmp(word, "suspend") == 0)
		error = device_suspend();
	mutex_unlock(&power_lock);
	return error ? error : length;
}

static const struct proc_ops power_ops = {
	.proc_write = power_write,
};

static int __init device_init(void)
{
	unsigned int i;

	BUILD_BUG_ON(sizeof(struct clock) <= 512 || sizeof(struct clock) > 1024);
	for (i = 0; i < CLOCKS; i++)
		kref_init(&cores[i].users);
	entry = proc_create("lab_power", 0200, NULL, &power_ops);
	if (!entry)
		return -ENOMEM;
	return device_resume();
}

static void __exit device_exit(void)
{
	proc_remove(entry);
}

module_init(device_init);
module_exit(device_exit);
MODULE_DESCRIPTION("Leaks 64 handles of 1 KiB at each resume");
MODULE_LICENSE("GPL");
