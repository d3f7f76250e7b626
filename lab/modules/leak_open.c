// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/lab_channel: open() makes a context for the program, with a buffer for its messages. There
 * is no release(): nothing is freed when the program closes the device.
 */
#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#define MESSAGES 4096

struct channel {
	u32 number;
	size_t length;
	char *messages;
};

static atomic_t opened = ATOMIC_INIT(0);

static int channel_open(struct inode *inode, struct file *file)
{
	struct channel *channel = kzalloc(sizeof(*channel), GFP_KERNEL);

	if (!channel)
		return -ENOMEM;
	channel->messages = kmalloc(MESSAGES, GFP_KERNEL);
	if (!channel->messages) {
		kfree(channel);
		return -ENOMEM;
	}
	channel->number = atomic_inc_return(&opened);
	channel->length = scnprintf(channel->messages, MESSAGES, "channel %u\n", channel->number);
	file->private_data = channel;
	return 0;
}

static ssize_t channel_read(struct file *file, char __user *to, size_t room, loff_t *at)
{
	const struct channel *channel = file->private_data;

	return simple_read_from_buffer(to, room, at, channel->messages, channel->length);
}

static const struct file_operations channel_operations = {
	.owner = THIS_MODULE,
	.open = channel_open,
	.read = channel_read,
	.llseek = default_llseek,
};

static struct miscdevice channel_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "lab_channel",
	.fops = &channel_operations,
	.mode = 0444,
};

static int __init channel_init(void)
{
	return misc_register(&channel_device);
}

static void __exit channel_exit(void)
{
	misc_deregister(&channel_device);
}

module_init(channel_init);
module_exit(channel_exit);
MODULE_DESCRIPTION("Leaks 4 KiB whenever its device is opened and closed");
MODULE_LICENSE("GPL");
