/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One netlink conversation at a time, by libmnl: send a request, hand each answer to a callback, take
 * down how the kernel ended it, in its own words where it has some. Knows no family's messages.
 */
#ifndef XDPCTL_KERNEL_NL_H
#define XDPCTL_KERNEL_NL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#define NL_REQUEST_SIZE 128u /* holds each of our requests */

struct nl {
	struct mnl_socket *socket; /* NULL: to be opened by the next conversation */
	int protocol;
	uint32_t seq;
	size_t size; /* of @buf */
	char *buf;
};

struct nl_reply {
	bool sent;          /* the kernel had the request */
	int error;          /* how it answered: a positive errno, 0 for success */
	char sentence[256]; /* its extack message, or "" */
};

/* Both return 0 or -errno. nl_close() takes a zeroed @nl as well. */
int nl_open(struct nl *nl, int protocol);
void nl_close(struct nl *nl);

/*
 * Sends @request, which lacks only its sequence number and must ask for a dump or an acknowledgement:
 * that is the end of the conversation. @on_data (may be NULL) sees every other message; it returns
 * MNL_CB_OK, or MNL_CB_ERROR with errno set.
 *
 * 0: the kernel answered, see @reply->error. Otherwise -errno: no or half an answer; if @reply->sent,
 * the request may have had its effect. -EINTR is a dump that met changes and -ENOSPC a message longer
 * than the buffer, which has grown by then: with these, and -ENOBUFS, ask again (nl_again()).
 */
int nl_talk(struct nl *nl, struct nlmsghdr *request, mnl_cb_t on_data, void *data,
	    struct nl_reply *reply);
bool nl_again(int ret);

/* Whether @attr has the right length for @type and its value in @size bytes or fewer. Else errno is set. */
bool nl_attr_is(const struct nlattr *attr, enum mnl_attr_data_type type, size_t size);
/*
 * Calls @each for the attributes in the @len bytes at @first. 0, or -EBADMSG if they don't fill these
 * bytes exactly, or what @each returned that was not 0. mnl_attr_parse() would take a broken attribute
 * for the end of the message, and "cannot read" for "nothing there".
 */
int nl_attrs(const void *first, size_t len, int (*each)(const struct nlattr *attr, void *data),
	     void *data);

#endif
