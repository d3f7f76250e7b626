// SPDX-License-Identifier: GPL-2.0
/*
 * A queue of jobs with priorities. A job whose priority is raised is moved to the list of urgent
 * ones; when that list is full, the job has left one list and comes into no other.
 */
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "pace.h"

#define URGENT_MOST 8
#define WAITING_MOST 64

static unsigned long rate = 1 << 20;
AMOUNT(rate, "bytes per second (1M)");

struct job {
	struct list_head in_list;
	u64 number;
	u8 command[488];
};

static LIST_HEAD(waiting);
static LIST_HEAD(urgent);
static unsigned int waiting_count;
static unsigned int urgent_count;
static struct delayed_work scheduler;
static struct pace pace;
static u64 last_number;

static bool job_add(void)
{
	struct job *job = kzalloc(sizeof(*job), GFP_KERNEL);

	if (!job)
		return false;
	job->number = ++last_number;
	list_add_tail(&job->in_list, &waiting);
	waiting_count++;
	return true;
}

static void job_finish(struct job *job)
{
	list_del(&job->in_list);
	kfree(job);
}

static void job_raise(struct job *job)
{
	list_del(&job->in_list);
	waiting_count--;
	if (urgent_count >= URGENT_MOST)
		return; /* The job is in no list now. */
	list_add_tail(&job->in_list, &urgent);
	urgent_count++;
}

static void schedule_jobs(struct work_struct *work)
{
	while (pace_take(&pace, rate, sizeof(struct job))) {
		if (!job_add())
			return;
		if (waiting_count > WAITING_MOST)
			job_raise(list_first_entry(&waiting, struct job, in_list));
	}
	schedule_delayed_work(&scheduler, PACE_TICK);
}

static int __init scheduler_init(void)
{
	BUILD_BUG_ON(sizeof(struct job) != 512);
	INIT_DELAYED_WORK(&scheduler, schedule_jobs);
	pace_start(&pace);
	schedule_delayed_work(&scheduler, 0);
	return 0;
}

static void __exit scheduler_exit(void)
{
	struct job *job, *next;

	cancel_delayed_work_sync(&scheduler);
	list_for_each_entry_safe(job, next, &waiting, in_list)
		job_finish(job);
	list_for_each_entry_safe(job, next, &urgent, in_list)
		job_finish(job);
}

module_init(scheduler_init);
module_exit(scheduler_exit);
MODULE_DESCRIPTION("Leaks jobs that have left one list and come into no other");
MODULE_LICENSE("GPL");
