// SPDX-License-Identifier: GPL-2.0
/*
 * Ports and links that hold references on each other. When the user lets go of the port, both still
 * have one: nothing reaches them any more, and neither comes to zero.
 */
#include <linux/kref.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "pace.h"

static unsigned long rate = 1 << 20;
AMOUNT(rate, "bytes per second (1M)");

struct link;

struct port {
	struct kref users;
	struct link *link;
	u8 settings[1000];
};

struct link {
	struct kref users;
	struct port *port;
	u8 statistics[1000];
};

static struct delayed_work plugging;
static struct pace pace;

static void port_release(struct kref *users);

static void link_release(struct kref *users)
{
	struct link *link = container_of(users, struct link, users);

	kref_put(&link->port->users, port_release);
	kfree(link);
}

static void port_release(struct kref *users)
{
	struct port *port = container_of(users, struct port, users);

	if (port->link)
		kref_put(&port->link->users, link_release);
	kfree(port);
}

static struct port *port_make(void)
{
	struct port *port = kzalloc(sizeof(*port), GFP_KERNEL);

	if (port)
		kref_init(&port->users);
	return port;
}

/* The port keeps the reference that the link was born with. */
static int port_connect(struct port *port)
{
	struct link *link = kzalloc(sizeof(*link), GFP_KERNEL);

	if (!link)
		return -ENOMEM;
	kref_init(&link->users);
	kref_get(&port->users); /* This one should be a weak one. */
	link->port = port;
	port->link = link;
	return 0;
}

static void plug_and_unplug(struct work_struct *work)
{
	struct port *port;

	while (pace_take(&pace, rate, 2048)) {
		port = port_make();
		if (!port)
			return;
		if (port_connect(port) == 0)
			memset(port->link->statistics, 0xff, sizeof(port->link->statistics));
		kref_put(&port->users, port_release);
	}
	schedule_delayed_work(&plugging, PACE_TICK);
}

static int __init hub_init(void)
{
	BUILD_BUG_ON(sizeof(struct port) <= 512 || sizeof(struct port) > 1024);
	BUILD_BUG_ON(sizeof(struct link) <= 512 || sizeof(struct link) > 1024);
	INIT_DELAYED_WORK(&plugging, plug_and_unplug);
	pace_start(&pace);
	schedule_delayed_work(&plugging, 0);
	return 0;
}

static void __exit hub_exit(void)
{
	cancel_delayed_work_sync(&plugging);
}

module_init(hub_init);
module_exit(hub_exit);
MODULE_DESCRIPTION("Leaks pairs of objects that hold references on each other");
MODULE_LICENSE("GPL");
