// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/lab_schedule: statistics that are gathered into a table for each reader. open() hands the
 * table to seq_file as its private data; release() frees what seq_file made and not the table.
 */
#include <linux/atomic.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#define ROWS 64

struct row {
	u64 runs;
	u64 waits;
	u64 longest;
	u64 last;
};

static struct proc_dir_entry *entry;
static atomic_t readers = ATOMIC_INIT(0);

static int schedule_show(struct seq_file *file, void *unused)
{
	const struct row *table = file->private;
	unsigned int i;

	for (i = 0; i < ROWS; i++)
		seq_printf(file, "%u %llu %llu %llu\n", i, table[i].runs, table[i].waits,
			   table[i].longest);
	return 0;
}

static int schedule_open(struct inode *inode, struct file *file)
{
	struct row *table = kcalloc(ROWS, sizeof(*table), GFP_KERNEL);
	unsigned int i;
	int error;

	if (!table)
		return -ENOMEM;
	for (i = 0; i < ROWS; i++)
		table[i].runs = (u64)atomic_read(&readers) * i;
	atomic_inc(&readers);
	error = single_open(file, schedule_show, table);
	if (error)
		kfree(table);
	return error;
}

static const struct proc_ops schedule_ops = {
	.proc_open = schedule_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release, /* It does not know of the table. */
};

static int __init schedule_init(void)
{
	BUILD_BUG_ON(ROWS * sizeof(struct row) != 2048);
	entry = proc_create("lab_schedule", 0444, NULL, &schedule_ops);
	return entry ? 0 : -ENOMEM;
}

static void __exit schedule_exit(void)
{
	proc_remove(entry);
}

module_init(schedule_init);
module_exit(schedule_exit);
MODULE_DESCRIPTION("Leaks 2 KiB whenever its file in /proc is read");
MODULE_LICENSE("GPL");
