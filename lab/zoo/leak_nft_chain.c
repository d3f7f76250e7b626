#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include "workload.h"

/* A firewall manager that tries whether `lo` can offload a chain with counters. It cannot; the kernel says so, and may
 * forget the counters (lab/bugs/nft-chain). Needs the module nf_tables. */

enum { kChainsPerBatch = 50, kRoom = 64 * 1024 };

static struct {
  size_t used;
  char bytes[kRoom] __attribute__((aligned(8)));
} batch;

static void* add(size_t size) {
  void* place = batch.bytes + batch.used;
  memset(place, 0, NLMSG_ALIGN(size));
  batch.used += NLMSG_ALIGN(size);
  return place;
}

static struct nlmsghdr* begin_message(unsigned type, unsigned flags, unsigned family, unsigned resource) {
  struct nlmsghdr* header = add(sizeof *header);
  header->nlmsg_type = (unsigned short)type;
  header->nlmsg_flags = (unsigned short)(NLM_F_REQUEST | flags);
  struct nfgenmsg* general = add(sizeof *general);
  general->nfgen_family = (unsigned char)family;
  general->res_id = htobe16((uint16_t)resource);
  return header;
}

static void end_message(struct nlmsghdr* header) {
  header->nlmsg_len = (unsigned)(batch.bytes + batch.used - (char*)header);
}

static struct nlattr* begin_attribute(unsigned type) {
  struct nlattr* attribute = add(sizeof *attribute);
  attribute->nla_type = (unsigned short)type;
  return attribute;
}

static void end_attribute(struct nlattr* attribute) {
  attribute->nla_len = (unsigned short)(batch.bytes + batch.used - (char*)attribute);
}

static void attribute(unsigned type, const void* data, size_t size) {
  struct nlattr* head = begin_attribute(type);
  memcpy(add(size), data, size);
  head->nla_len = (unsigned short)(sizeof *head + size);
}

static void text(unsigned type, const char* value) { attribute(type, value, strlen(value) + 1); }

static void number(unsigned type, uint32_t value) {
  const uint32_t big = htobe32(value);
  attribute(type, &big, sizeof big);
}

static void add_table(void) {
  struct nlmsghdr* table = begin_message(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE, NLM_F_CREATE, NFPROTO_NETDEV, 0);
  text(NFTA_TABLE_NAME, "leakscope");
  end_message(table);
}

static void add_chain(void) {
  struct nlmsghdr* chain = begin_message(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN, NLM_F_CREATE, NFPROTO_NETDEV, 0);
  text(NFTA_CHAIN_TABLE, "leakscope");
  text(NFTA_CHAIN_NAME, "offloaded");
  struct nlattr* hook = begin_attribute(NFTA_CHAIN_HOOK | NLA_F_NESTED);
  number(NFTA_HOOK_HOOKNUM, NF_NETDEV_INGRESS);
  number(NFTA_HOOK_PRIORITY, 0);
  text(NFTA_HOOK_DEV, "lo");
  end_attribute(hook);
  text(NFTA_CHAIN_TYPE, "filter");
  number(NFTA_CHAIN_FLAGS, NFT_CHAIN_HW_OFFLOAD);
  struct nlattr* counters = begin_attribute(NFTA_CHAIN_COUNTERS | NLA_F_NESTED);
  const uint64_t none = 0;
  attribute(NFTA_COUNTER_BYTES, &none, sizeof none);
  attribute(NFTA_COUNTER_PACKETS, &none, sizeof none);
  end_attribute(counters);
  end_message(chain);
}

/* The error of the last message that the kernel has something to say about; 0 when it says nothing. */
static int answer(int fd) {
  static char said[kRoom] __attribute__((aligned(8)));
  int error = 0;
  ssize_t size;
  while ((size = recv(fd, said, sizeof said, MSG_DONTWAIT)) > 0) {
    const struct nlmsghdr* header = (const struct nlmsghdr*)said;
    if (header->nlmsg_type == NLMSG_ERROR) error = -((const struct nlmsgerr*)NLMSG_DATA(header))->error;
  }
  return error;
}

static int send_batch(int fd, void (*message)(void), int times) {
  batch.used = 0;
  end_message(begin_message(NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
  for (int i = 0; i < times; ++i) message();
  end_message(begin_message(NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
  if (send(fd, batch.bytes, batch.used, 0) < 0) fail("send");
  return answer(fd);
}

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "CHAINS_PER_SECOND", "Asks for nftables chains with counters that cannot be offloaded.");
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
  if (fd < 0) fail("socket");
  errno = send_batch(fd, add_table, 1);
  if (errno != 0) fail("the table");
  double tried = 0;
  while (next_tick(&w)) {
    for (; !stop_asked && tried + kChainsPerBatch <= due(&w); tried += kChainsPerBatch) {
      errno = send_batch(fd, add_chain, kChainsPerBatch);
      if (errno != EOPNOTSUPP) fail("a chain was not refused as it should");
    }
  }
  report(&w, tried, "chains");
  return 0;
}
