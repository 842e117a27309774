// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * frames flood|pace FROM TO: sends frames out of interface FROM until its standard input ends, and
 * counts those that arrive at TO behind its XDP programs. Then says "SENT ARRIVED". flood sends as
 * fast as it can, and the device itself may lose some; pace sends the next one when the last has
 * arrived, or after a second, so that one that is missing was lost to XDP.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ETHERTYPE 0x88b5 /* for experiments: nothing else on the wire uses it */
#define FRAME_SIZE 64
#define LOST_MS 1000
#define DRAIN_MS 200

static void fail(const char *what)
{
	fprintf(stderr, "frames: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_socket(const char *ifname, int protocol)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons((unsigned short)protocol),
		.sll_ifindex = (int)if_nametoindex(ifname),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || !address.sll_ifindex ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		fail(ifname);
	return fd;
}

static bool input_ended(void)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&input, 1, 0) > 0;
}

static bool send_frame(int fd)
{
	unsigned char frame[FRAME_SIZE] = { 0 };

	memset(frame, 0xff, ETH_ALEN);
	frame[2 * ETH_ALEN] = ETHERTYPE >> 8;
	frame[2 * ETH_ALEN + 1] = ETHERTYPE & 0xff;
	return send(fd, frame, sizeof(frame), 0) == sizeof(frame);
}

/* Counts what has arrived, waiting for the first at most so long. */
static unsigned long receive(int fd, int wait_ms)
{
	struct pollfd in = { .fd = fd, .events = POLLIN };
	unsigned char frame[FRAME_SIZE];
	unsigned long n = 0;

	if (poll(&in, 1, wait_ms) <= 0)
		return 0;
	while (recv(fd, frame, sizeof(frame), 0) > 0)
		n++;
	return n;
}

int main(int argc, char **argv)
{
	unsigned long sent = 0, arrived = 0;
	bool pace;
	int from, to;

	if (argc != 4 || (strcmp(argv[1], "flood") && strcmp(argv[1], "pace"))) {
		fputs("frames flood|pace FROM TO\n", stderr);
		return 2;
	}
	pace = !strcmp(argv[1], "pace");
	from = open_socket(argv[2], 0);
	to = open_socket(argv[3], ETHERTYPE);
	while (!input_ended()) {
		sent += send_frame(from);
		arrived += receive(to, pace ? LOST_MS : 0);
	}
	arrived += receive(to, DRAIN_MS);
	printf("%lu %lu\n", sent, arrived);
	return 0;
}
